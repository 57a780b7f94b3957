import type { HypervisorType } from "../../hypervisor-type.ts";

/** Those that run VMs on this host. */
export const localHypervisors = [
  "qemu",
  "clh",
  "firecracker",
  "stratovirt",
  "dragonball",
  "acrn",
  "openvmm",
  "virtframework",
  "mock",
] as const satisfies readonly HypervisorType[];

/** Those that share files of the host through virtio-fs. */
export const sharingHypervisors = [
  "qemu",
  "clh",
  "stratovirt",
  "dragonball",
  "openvmm",
] as const satisfies readonly HypervisorType[];
