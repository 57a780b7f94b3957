import { KataError } from "../../base/error.ts";
import {
  type LinuxContainerResources,
  NamespaceMode,
  type PodSandboxConfig,
} from "../../wire/gen/cri/v1/pod_sandbox.ts";
import { kataAnnotations } from "./kata-annotations.ts";
import type { SandboxFacts } from "./planner.ts";
import { POD_SHM_BYTES } from "./sandbox-facts.ts";

/** sethostname(2): at most 64 bytes. */
const hostnamePattern = /^[!-~]{0,64}$/;
/** What resolv.conf(5) lists in one line. */
const words = (keyword: string, list: readonly string[]) => (list.length === 0 ? [] : [`${keyword} ${list.join(" ")}`]);

/** What a pod's configuration asks its sandbox to be; for sandboxes whose bundle has no config.json. Throws KataError. */
export function factsOfPodConfig(config: PodSandboxConfig): SandboxFacts {
  const { annotations, hostname, dnsConfig, linux } = config;
  if (!hostnamePattern.test(hostname)) {
    throw new KataError(
      "invalid-argument",
      `The host name must be at most 64 printable ASCII characters, got ${JSON.stringify(hostname.slice(0, 80))}`,
      { field: "options.hostname" },
    );
  }
  const { servers = [], searches = [], options = [] } = dnsConfig ?? {};
  return {
    hostname,
    dns: [
      ...servers.map((server) => `nameserver ${server}`),
      ...words("search", searches),
      ...words("options", options),
    ],
    shmBytes: POD_SHM_BYTES,
    sharedPidNamespace: linux?.securityContext?.namespaceOptions?.pid === NamespaceMode.POD,
    sysctl: linux?.sysctls ?? {},
    netns: { kind: "host" },
    cgroupsPath: "",
    resources: resourcesOf(linux?.resources),
    // The hints about its size are containerd's, and come with a bundle only: here its author could have written them.
    annotations: kataAnnotations(annotations),
  };
}

function resourcesOf(resources: LinuxContainerResources | undefined): SandboxFacts["resources"] {
  if (resources === undefined) return undefined;
  const { cpuQuota, cpuPeriod, memoryLimitInBytes } = resources;
  const given = (value: bigint) => (value === 0n ? undefined : value);
  return {
    memory: {
      limit: given(memoryLimitInBytes),
      reservation: undefined,
      swap: undefined,
      swappiness: undefined,
      disableOOMKiller: false,
    },
    cpu: {
      shares: undefined,
      quota: given(cpuQuota),
      period: given(cpuPeriod),
      realtimeRuntime: undefined,
      realtimePeriod: undefined,
      cpus: "",
      mems: "",
    },
    pids: undefined,
    hugepageLimits: [],
  };
}
