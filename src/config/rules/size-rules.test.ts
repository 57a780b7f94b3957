import { sizeRules } from "./size-rules.ts";
import { describeRules } from "./testing/rule-table.ts";

const numa = { "~enable_numa": "true", "~numa_mapping": '["0", "1"]' };

// The host has 4 CPUs and 8192 MiB.
describeRules("rules of sizes", sizeRules, [
  {
    broken: [
      [
        { "~default_maxvcpus": "2", "~default_vcpus": "2.5" },
        "error main.toml:2:20  hypervisor.qemu.default_maxvcpus: must not be below default_vcpus, which is 2.5",
      ],
    ],
    holds: [
      { "~default_maxvcpus": "2", "~default_vcpus": "2" },
      { "~default_maxvcpus": "0", "~default_vcpus": "3" },
      { "~default_maxvcpus": "1", "~default_vcpus": "-1" },
    ],
  },
  {
    broken: [
      [
        { "~default_vcpus": "4.5" },
        "note main.toml:2:17  hypervisor.qemu.default_vcpus: 4.5 vCPUs are more than this host has CPUs: a VM gets 4",
      ],
    ],
    holds: [{ "~default_vcpus": "4" }, { "~default_vcpus": "-1" }, {}],
  },
  {
    broken: [
      [
        { "~default_memory": "8193" },
        "error main.toml:2:18  hypervisor.qemu.default_memory: 8193 MiB are more than this host has, which is 8192 MiB",
      ],
      [
        { "~default_memory": "1025", "~default_maxmemory": "1024" },
        "error main.toml:2:18  hypervisor.qemu.default_memory: 1025 MiB are more than default_maxmemory, which is 1024 MiB",
      ],
      [
        { "~default_maxmemory": "1024" },
        "error main.toml:2:21  hypervisor.qemu.default_memory: 2048 MiB are more than default_maxmemory, which is 1024 MiB",
      ],
    ],
    holds: [{ "~default_memory": "8192" }, { "~default_memory": "1024", "~default_maxmemory": "1024" }],
  },
  {
    broken: [
      [
        { "~numa_mapping": '["0"]' },
        "warning main.toml:2:16  hypervisor.qemu.numa_mapping: has no effect without enable_numa = true",
      ],
    ],
    holds: [numa, { "~numa_mapping": "[]" }],
  },
  {
    broken: [
      [
        { ...numa, "~default_vcpus": "1" },
        "error main.toml:3:16  hypervisor.qemu.numa_mapping: has 2 nodes for 1 vCPUs: each needs one",
      ],
    ],
    holds: [
      { ...numa, "~default_vcpus": "1.5" },
      { ...numa, "~default_vcpus": "-1" },
    ],
  },
  {
    broken: [
      [
        { "~enable_vhost_user_store": "true" },
        "error main.toml:2:27  hypervisor.qemu.enable_vhost_user_store: needs enable_hugepages = true",
      ],
    ],
    holds: [{ "~enable_vhost_user_store": "true", "~enable_hugepages": "true" }],
  },
]);
