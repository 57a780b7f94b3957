import type { Problem } from "./problem.ts";
import type { RuntimeConfig } from "./runtime-config.ts";

/** The parts that rules look at: everything that was read, before it is known to be complete. */
export interface RuleInput {
  readonly config: RuntimeConfig;
  readonly initrd: string;
  readonly image: string;
}

interface Rule {
  /** Below `hypervisor.NAME` when it begins with `~`. */
  readonly key: string;
  readonly broken: (input: RuleInput) => string | false;
}

/** What must hold between keys. */
const rules: readonly Rule[] = [
  {
    key: "~image",
    broken: ({ initrd, image }) => initrd !== "" && image !== "" && 'excludes initrd: set one of the two to ""',
  },
  {
    key: "~initrd",
    broken: ({ initrd, image }) =>
      initrd === "" && image === "" && "must be set, unless image is: the guest needs one of the two",
  },
  {
    key: "~default_maxvcpus",
    broken({ config: { hypervisor } }) {
      const { defaultVcpus, defaultMaxVcpus } = hypervisor;
      return defaultMaxVcpus < defaultVcpus && `must not be below default_vcpus, which is ${defaultVcpus}`;
    },
  },
  {
    key: "~default_memory",
    broken({ config: { hypervisor } }) {
      const { defaultMemoryMib, defaultMaxMemoryMib } = hypervisor;
      return (
        defaultMemoryMib > defaultMaxMemoryMib &&
        `${defaultMemoryMib} MiB are more than a VM may have: default_maxmemory, by default the host's memory, is ${defaultMaxMemoryMib} MiB`
      );
    },
  },
  {
    key: "~virtio_fs_queue_size",
    broken({ config: { hypervisor } }) {
      const size = hypervisor.virtioFsQueueSize;
      return (size & (size - 1)) !== 0 && "must be a power of two";
    },
  },
  {
    key: "runtime.disable_new_netns",
    broken: ({ config: { runtime } }) =>
      runtime.disableNewNetns &&
      runtime.internetworkingModel !== "none" &&
      `demands internetworking_model "none", which is "${runtime.internetworkingModel}"`,
  },
];

/** Rules between keys that are broken. */
export function brokenRules(input: RuleInput): Problem[] {
  const problems: Problem[] = [];
  for (const { key, broken } of rules) {
    const rule = broken(input);
    if (rule === false) continue;
    const path = key.startsWith("~") ? ["hypervisor", input.config.hypervisor.name, key.slice(1)] : key.split(".");
    problems.push({ path, rule });
  }
  return problems;
}
