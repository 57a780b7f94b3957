import { architectureOf } from "../../../../config/architecture.ts";
import type { Accelerator } from "../../../../config/runtime-config.ts";
import { cpuFlags } from "../../../../hypervisor/host/cpu-info.ts";
import { SysError } from "../../../../sys/error.ts";
import { type Configuration, type Finding, type HostSys, isForRootOnly, type Probe } from "../probe.ts";

/** KVM as a VMM would find it. */
export type KvmState =
  | { readonly kind: "usable" }
  /** The CPU offers no virtualization, whatever /dev/kvm says. */
  | { readonly kind: "no-hardware" }
  | { readonly kind: "absent"; readonly moduleLoaded: boolean }
  | { readonly kind: "denied"; readonly error: SysError }
  /** A device node without a driver behind it. */
  | { readonly kind: "dead"; readonly error: SysError }
  | { readonly kind: "old"; readonly apiVersion: number }
  /** It opens and makes no VM. */
  | { readonly kind: "refused"; readonly error: SysError };

/** linux/Documentation/virt/kvm/api.rst: the version that has been the only one since 2.6.22. */
const apiVersion = 12;

/** Looks at the CPU, opens /dev/kvm and makes a VM, which is thrown away. Throws what has nothing to do with KVM. */
export function kvmState(sys: HostSys): KvmState {
  // Some clouds offer a /dev/kvm that makes VMs and then hangs every guest.
  if (offersVirtualization(sys) === false) return { kind: "no-hardware" };
  let fd: number;
  try {
    fd = sys.open("/dev/kvm", { read: true, write: true });
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (error.code === "ENOENT") return { kind: "absent", moduleLoaded: sys.exists("/sys/module/kvm") };
    return { kind: error.code === "EACCES" || error.code === "EPERM" ? "denied" : "dead", error };
  }
  try {
    const found = sys.probeKvm(fd);
    return found === apiVersion ? { kind: "usable" } : { kind: "old", apiVersion: found };
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    return { kind: error.code === "ENOTTY" ? "dead" : "refused", error };
  } finally {
    sys.close(fd);
  }
}

/** Whether the CPU can run VMs, by its flags; undefined where flags do not tell. */
export function offersVirtualization(sys: Pick<HostSys, "uname" | "readText">): boolean | undefined {
  const flag = virtualizationFlags[architectureOf(sys.uname().machine) ?? ""];
  if (flag === undefined) return undefined;
  const flags = cpuFlags(sys.readText("/proc/cpuinfo"));
  return flag.some((name) => flags.has(name));
}

/** Flags in /proc/cpuinfo of which a CPU needs one, by architecture. */
const virtualizationFlags: Readonly<Record<string, readonly string[] | undefined>> = {
  amd64: ["vmx", "svm"],
  s390x: ["sie"],
};

/** VMMs that can run guests without KVM. */
const emulators: ReadonlySet<string> = new Set(["qemu"]);

/** How the configuration wants guests to be run, as far as its VMM can; "auto" without a configuration. */
export function wantedAccelerator(configuration: Configuration): Accelerator {
  if (configuration.kind === "broken") return "auto";
  const { accelerator, name } = configuration.config.hypervisor;
  return emulators.has(name) ? accelerator : "kvm";
}

/** What an obstacle to KVM means, by the accelerator that the configuration asks for. */
export function withoutKvm(
  accelerator: Accelerator,
  obstacle: { readonly reason: string; readonly remedy: string; readonly details?: readonly string[] },
): Finding {
  if (accelerator === "tcg") return { result: "skipped", reason: `${obstacle.reason}; accelerator is "tcg"` };
  return { result: accelerator === "kvm" ? "failed" : "warning", ...obstacle };
}

/** KVM is there and makes VMs. */
export const kvmProbe: Probe = {
  id: "kvm-is-usable",
  title: "KVM",
  needed: "required",
  run({ configuration, sys }) {
    const accelerator = wantedAccelerator(configuration);
    if (accelerator === "tcg") return { result: "skipped", reason: 'accelerator is "tcg"' };
    const state = kvmState(sys);
    if (state.kind === "usable") return { result: "ok", reason: "/dev/kvm makes VMs" };
    if (state.kind === "denied" && isForRootOnly(state.error, sys)) throw state.error;
    const obstacle = explain(state);
    // The runtime takes a KVM that opens: what refuses VMs there stops every start.
    if (state.kind === "refused" || state.kind === "old") return { result: "failed", ...obstacle };
    const consequence =
      accelerator === "kvm" ? ", and guests are not to run without it" : ": TCG will be used, 10 to 30 times slower";
    return withoutKvm(accelerator, { ...obstacle, reason: `${obstacle.reason}${consequence}` });
  },
};

const orTcg = 'or set accelerator = "tcg"';

function explain(state: Exclude<KvmState, { kind: "usable" }>): { readonly reason: string; readonly remedy: string } {
  switch (state.kind) {
    case "no-hardware":
      return {
        reason: "the CPU offers no virtualization",
        remedy: 'See CPU above; accelerator = "tcg" says that it is meant to be so',
      };
    case "absent":
      return state.moduleLoaded
        ? {
            reason: "the module kvm is loaded, but there is no /dev/kvm",
            remedy:
              "Switch virtualization on in the firmware and load kvm_intel or kvm_amd; in a container, pass /dev/kvm in",
          }
        : {
            reason: "there is no /dev/kvm",
            remedy: "Load the CPU's module (see kernel modules above); in a container, pass /dev/kvm in",
          };
    case "denied":
      return {
        reason: `/dev/kvm may not be opened (${state.error.code})`,
        remedy: "Allow the device: its owner and mode, the device list of this container or unit, the LSM's log",
      };
    case "dead":
      return {
        reason: `/dev/kvm is there, but no KVM behind it (${state.error.code})`,
        remedy: "Switch virtualization on in the firmware, and load kvm_intel or kvm_amd; dmesg tells why it refuses",
      };
    case "old":
      return {
        reason: `KVM speaks version ${state.apiVersion} of its API, not ${apiVersion}`,
        remedy: `Use another kernel, ${orTcg}`,
      };
    case "refused":
      return {
        reason: `/dev/kvm opens, but makes no VM (${state.error.code})`,
        remedy:
          state.error.code === "EBUSY"
            ? `Another hypervisor (VirtualBox, VMware) has the CPU: stop it, ${orTcg}`
            : `dmesg tells why; ${orTcg}`,
      };
  }
}
