import type { Architecture } from "../config/architecture.ts";
import type { HypervisorType } from "../config/hypervisor-type.ts";

/** What upstream lets a VM have by architecture; on Arm it is what version 3 of the interrupt controller serves. */
const byArchitecture: Readonly<Record<Architecture, number>> = {
  amd64: 240,
  arm64: 123,
  ppc64le: 128,
  s390x: 248,
  riscv64: 512,
};

/** VMMs with less. */
const byHypervisor: Readonly<Partial<Record<HypervisorType, number>>> = { acrn: 8, firecracker: 32 };

/** The most vCPUs that a VMM can give to a VM on this architecture. */
export function mostVcpus(type: HypervisorType, architecture: Architecture): number {
  return Math.min(byArchitecture[architecture], byHypervisor[type] ?? Number.POSITIVE_INFINITY);
}
