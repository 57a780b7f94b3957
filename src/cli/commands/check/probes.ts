import type { Probe } from "./probe.ts";
import { cgroupsProbe } from "./probes/cgroups.ts";
import { configurationProbe } from "./probes/configuration.ts";
import { containerdProbe } from "./probes/containerd.ts";
import { cpuProbe, nestingProbe } from "./probes/cpu.ts";
import { bootProbe, guestContentProbe, kernelProbe } from "./probes/guest.ts";
import { entropyProbe, memoryProbe, namespacesProbe, openFilesProbe } from "./probes/host-resources.ts";
import { hypervisorProbe, virtiofsdProbe } from "./probes/hypervisor.ts";
import { imageToolsProbe } from "./probes/image-tools.ts";
import { kvmProbe } from "./probes/kvm.ts";
import { modulesProbe } from "./probes/modules.ts";
import { networkProbe } from "./probes/network.ts";
import { releasesProbe } from "./probes/releases.ts";
import { stateProbe } from "./probes/state.ts";
import { transportProbe } from "./probes/transport.ts";

/** Everything that is looked at, in the order in which it is shown: what others depend on comes first. */
export const probes: readonly Probe[] = [
  configurationProbe,
  cpuProbe,
  nestingProbe,
  modulesProbe,
  kvmProbe,
  hypervisorProbe,
  kernelProbe,
  bootProbe,
  guestContentProbe,
  virtiofsdProbe,
  transportProbe,
  memoryProbe,
  stateProbe,
  entropyProbe,
  namespacesProbe,
  cgroupsProbe,
  networkProbe,
  openFilesProbe,
  containerdProbe,
  imageToolsProbe,
  releasesProbe,
];
