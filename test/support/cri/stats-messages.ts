import { list, message, nested, scalar } from "./schema.ts";

// Resource use as CRI v1 reports it: names and numbers of k8s.io/cri-api, only what the tests use.

const UInt64Value = message("UInt64Value", { value: scalar(1, "uint64") });

const CpuUsage = message("CpuUsage", {
  timestamp: scalar(1, "int64"),
  usageCoreNanoSeconds: nested(2, UInt64Value),
});

const MemoryUsage = message("MemoryUsage", {
  timestamp: scalar(1, "int64"),
  workingSetBytes: nested(2, UInt64Value),
  availableBytes: nested(3, UInt64Value),
  usageBytes: nested(4, UInt64Value),
});

const StatsAttributes = message("ContainerAttributes", { id: scalar(1, "string") });

/** Resource use of a container. */
export const ContainerStats = message("ContainerStats", {
  attributes: nested(1, StatsAttributes),
  cpu: nested(2, CpuUsage),
  memory: nested(3, MemoryUsage),
});

const NetworkInterfaceUsage = message("NetworkInterfaceUsage", {
  name: scalar(1, "string"),
  rxBytes: nested(2, UInt64Value),
  txBytes: nested(4, UInt64Value),
});

const NetworkUsage = message("NetworkUsage", {
  timestamp: scalar(1, "int64"),
  defaultInterface: nested(2, NetworkInterfaceUsage),
});

const ProcessUsage = message("ProcessUsage", { timestamp: scalar(1, "int64"), processCount: nested(2, UInt64Value) });

const LinuxPodSandboxStats = message("LinuxPodSandboxStats", {
  cpu: nested(1, CpuUsage),
  memory: nested(2, MemoryUsage),
  network: nested(3, NetworkUsage),
  process: nested(4, ProcessUsage),
  containers: list(5, ContainerStats),
});

/** Resource use of a pod. */
export const PodSandboxStats = message("PodSandboxStats", {
  attributes: nested(1, StatsAttributes),
  linux: nested(2, LinuxPodSandboxStats),
});
