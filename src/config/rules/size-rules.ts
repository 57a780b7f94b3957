import type { Rule, RuleInput } from "./rule.ts";

/** vCPUs, memory and NUMA nodes. */
export const sizeRules: readonly Rule[] = [
  {
    key: "~default_maxvcpus",
    with: ["~default_vcpus"],
    broken({ hypervisor: { default_vcpus: vcpus, default_maxvcpus: most } }) {
      return most !== 0 && vcpus > most && `must not be below default_vcpus, which is ${vcpus}`;
    },
  },
  {
    key: "~default_vcpus",
    severity: "note",
    broken: ({ hypervisor: { default_vcpus: vcpus }, host: { cpus }, type }) =>
      type !== "remote" && vcpus > cpus && `${vcpus} vCPUs are more than this host has CPUs: a VM gets ${cpus}`,
  },
  {
    key: "~default_memory",
    with: ["~default_maxmemory"],
    broken(input) {
      const { default_memory: memory, default_maxmemory: most } = input.hypervisor;
      if (input.type === "remote" || memory <= (most || input.host.memoryMib)) return false;
      return most === 0
        ? `${memory} MiB are more than this host has, which is ${input.host.memoryMib} MiB`
        : `${memory} MiB are more than default_maxmemory, which is ${most} MiB`;
    },
  },
  {
    key: "~numa_mapping",
    with: ["~enable_numa"],
    severity: "warning",
    broken: ({ hypervisor }) =>
      hypervisor.numa_mapping.length > 0 && !hypervisor.enable_numa && "has no effect without enable_numa = true",
  },
  {
    key: "~numa_mapping",
    with: ["~enable_numa", "~default_vcpus"],
    broken(input) {
      const nodes = input.hypervisor.numa_mapping.length;
      const vcpus = Math.ceil(bootVcpus(input));
      return input.hypervisor.enable_numa && nodes > vcpus && `has ${nodes} nodes for ${vcpus} vCPUs: each needs one`;
    },
  },
  {
    key: "~enable_vhost_user_store",
    with: ["~enable_hugepages"],
    broken: ({ hypervisor }) =>
      hypervisor.enable_vhost_user_store && !hypervisor.enable_hugepages && "needs enable_hugepages = true",
  },
];

function bootVcpus({ hypervisor: { default_vcpus: vcpus }, host }: RuleInput): number {
  return vcpus < 0 ? host.cpus : Math.min(vcpus || 1, host.cpus);
}
