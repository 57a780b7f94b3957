import { KataError } from "../../../base/error.ts";
import { version } from "../../../base/version.ts";
import { evaluate } from "../../../config/evaluate.ts";
import { loadRuntimeConfig } from "../../../config/load.ts";
import { kvmObstacle } from "../../../hypervisor/accelerator.ts";
import { chooseTransport } from "../../../hypervisor/qemu/transport.ts";
import { virtiofsdPath } from "../../../resource/share-fs/virtiofsd.ts";
import type { CommandContext } from "../../context.ts";
import { ociRuntimeSpec } from "../../oci-runtime-spec.ts";
import { askVersion } from "../../programs.ts";
import { wantedAccelerator } from "../check/probes/kvm.ts";
import { hostTable, unknown } from "./host.ts";

/** Of tables and keys: upstream's, whose names these are. */
const formatVersion = "1.0.27";

/** The answer of `env`. The shape is a contract; what upstream has no key for is added, nothing is taken away. */
export type Environment = Awaited<ReturnType<typeof collectEnvironment>>;

/** Collects what the runtime works with: configuration and host. Throws what stops the configuration from being loaded. */
export async function collectEnvironment(context: CommandContext) {
  const { global, sys } = context;
  const request = global.config === undefined ? {} : { path: global.config };
  const config = loadRuntimeConfig({ sys }, request);
  const { hypervisor, agent } = config;
  const { values } = evaluate(sys, request);
  return {
    Kernel: { Path: hypervisor.kernelPath, Parameters: values.hypervisor.kernel_params },
    Meta: { Version: formatVersion },
    Image: { Path: hypervisor.boot.kind === "image" ? hypervisor.boot.path : "" },
    Initrd: { Path: hypervisor.boot.kind === "initrd" ? hypervisor.boot.path : "" },
    Hypervisor: {
      Name: hypervisor.name,
      MachineType: hypervisor.machineType,
      Accelerator: accelerator(context, wantedAccelerator({ kind: "loaded", config })),
      Version: await programVersion(context, hypervisor.path),
      Path: hypervisor.path,
      BlockDeviceDriver: hypervisor.blockDeviceDriver,
      EntropySource: hypervisor.entropySource,
      SharedFS: hypervisor.sharedFs,
      VirtioFSDaemon: virtiofsdPath(sys, hypervisor),
      // A local VMM's sockets are a sandbox's own.
      SocketPath: hypervisor.name === "remote" ? values.hypervisor.remote_hypervisor_socket : "",
      Msize9p: values.hypervisor.msize_9p,
      MemorySlots: hypervisor.memorySlots,
      HotPlugVFIO: values.hypervisor.hot_plug_vfio,
      ColdPlugVFIO: values.hypervisor.cold_plug_vfio,
      PCIeRootPort: hypervisor.pcieRootPorts,
      PCIeSwitchPort: values.hypervisor.pcie_switch_port,
      Debug: hypervisor.debug,
      SecurityInfo: {
        Rootless: values.hypervisor.rootless,
        DisableSeccomp: values.hypervisor.disable_seccomp,
        GuestHookPath: values.hypervisor.guest_hook_path,
        EnableAnnotations: values.hypervisor.enable_annotations,
        ConfidentialGuest: values.hypervisor.confidential_guest,
      },
    },
    Runtime: {
      Path: sys.readLink("/proc/self/exe"),
      GuestSeLinuxLabel: values.runtime.guest_selinux_label,
      Experimental: values.runtime.experimental,
      Debug: config.runtime.debug,
      Trace: values.runtime.enable_tracing,
      DisableGuestSeccomp: config.runtime.disableGuestSeccomp,
      DisableNewNetNs: config.runtime.disableNewNetns,
      SandboxCgroupOnly: config.runtime.sandboxCgroupOnly,
      Config: { Path: config.source ?? "" },
      Version: { OCI: ociRuntimeSpec, Version: ownVersion() },
    },
    Host: hostTable(context),
    Agent: { Transport: transport(context, agent.transport), Debug: agent.debug, Trace: values.agent.enable_tracing },
  };
}

/** How guests would run: what "auto" comes to here. */
function accelerator({ sys }: CommandContext, wanted: "auto" | "kvm" | "tcg"): "kvm" | "tcg" {
  if (wanted !== "auto") return wanted;
  return kvmObstacle(sys) === undefined ? "kvm" : "tcg";
}

/** How the agent would be reached: what "auto" comes to here. */
function transport({ sys }: CommandContext, wanted: Parameters<typeof chooseTransport>[1]): string {
  return wanted === "auto" ? chooseTransport(sys, wanted).kind : wanted;
}

async function programVersion(context: CommandContext, path: string): Promise<string> {
  try {
    return (await askVersion(context, path)) || unknown;
  } catch (error) {
    context.logger.warn("cannot ask a program for its version", { path, error: KataError.from(error) });
    return unknown;
  }
}

/** Which commit a program was built from is not built into it. */
function ownVersion() {
  const [, major = "0", minor = "0", patch = "0"] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return { Semver: version, Commit: unknown, Major: Number(major), Minor: Number(minor), Patch: Number(patch) };
}
