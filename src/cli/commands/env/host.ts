import { architectureOf } from "../../../config/architecture.ts";
import { parseCpuInfo } from "../../../hypervisor/host/cpu-info.ts";
import { availableGuestProtections, guestProtections } from "../../../hypervisor/host/guest-protection.ts";
import { isErrno } from "../../../sys/error.ts";
import type { CommandContext } from "../../context.ts";
import { kvmState } from "../check/probes/kvm.ts";

/** What upstream prints for what it cannot find out. */
export const unknown = "<<unknown>>";

/** The table `Host`. Memory is in KiB. */
export function hostTable({ sys }: Pick<CommandContext, "sys">) {
  const { machine, release } = sys.uname();
  const architecture = architectureOf(machine);
  const { cpus, model, vendor } = parseCpuInfo(sys.readText("/proc/cpuinfo"));
  const meminfo = sys.readText("/proc/meminfo");
  const kib = (key: string) => Number(new RegExp(`^${key}: +(\\d+) kB`, "m").exec(meminfo)?.[1] ?? 0);
  const kvm = kvmState(sys);
  return {
    AvailableGuestProtections: availableGuestProtections(guestProtections(sys, architecture)),
    Kernel: release,
    Architecture: architecture ?? machine,
    // A KVM that is not for this user may well be for the runtime, which is root.
    VMContainerCapable: kvm.kind === "usable" || (kvm.kind === "denied" && sys.uid() !== 0),
    SupportVSocks: sys.exists("/dev/vhost-vsock"),
    Distro: distribution(sys),
    CPU: { Vendor: vendor || unknown, Model: model || unknown, CPUs: cpus },
    Memory: { Total: kib("MemTotal"), Free: kib("MemFree"), Available: kib("MemAvailable") },
  };
}

/** os-release(5). */
const releaseFiles = ["/etc/os-release", "/usr/lib/os-release"];

function distribution(sys: CommandContext["sys"]): { readonly Name: string; readonly Version: string } {
  const text = releaseFiles.map((path) => optionalText(sys, path)).find((found) => found !== undefined) ?? "";
  const value = (key: string) => new RegExp(`^${key}=(["']?)(.*)\\1$`, "m").exec(text)?.[2] ?? unknown;
  return { Name: value("NAME"), Version: value("VERSION_ID") };
}

function optionalText(sys: CommandContext["sys"], path: string): string | undefined {
  try {
    return sys.readText(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
