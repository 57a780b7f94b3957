import { utf8Decode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import type { Accelerator as WantedAccelerator } from "../config/runtime-config.ts";
import { SysError } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { SystemPort } from "../sys/port/system.ts";
import { cpuFlags } from "./host/cpu-info.ts";

/** How a VMM runs the guest's CPU. */
export type Accelerator = Exclude<WantedAccelerator, "auto">;

/** What the decision needs to see. */
export type AcceleratorSys = Pick<FilesPort, "open" | "read" | "close"> & Pick<SystemPort, "uname">;

/** The decision, and what the user should know about it. */
export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  readonly warning: string | undefined;
}

/**
 * Decides how guests run. `auto` takes KVM when it is usable, else TCG with a warning; `kvm` where it is not usable throws
 * KataError `failed-precondition`.
 */
export function chooseAccelerator(sys: AcceleratorSys, wanted: WantedAccelerator): AcceleratorChoice {
  if (wanted === "tcg") return { accelerator: "tcg", warning: undefined };
  const obstacle = kvmObstacle(sys);
  if (obstacle === undefined) return { accelerator: "kvm", warning: undefined };
  if (wanted === "auto") {
    const warning = `KVM is not usable: ${obstacle}; the guest runs under TCG, 10 to 30 times slower`;
    return { accelerator: "tcg", warning };
  }
  throw new KataError("failed-precondition", `KVM is not usable: ${obstacle}`, {
    field: "hypervisor.qemu.accelerator",
    hint: 'Set accelerator = "tcg" or "auto", or use a machine with virtualization enabled and the kvm module loaded',
  });
}

/** Why KVM cannot be used; undefined when it can. */
export function kvmObstacle(sys: AcceleratorSys): string | undefined {
  // Some clouds offer a /dev/kvm that opens and then hangs every guest: the CPU must offer virtualization, too.
  if (sys.uname().machine === "x86_64" && !virtualizes(cpuFlags(cpuInfo(sys)))) {
    return "the CPU offers no virtualization (neither vmx nor svm in /proc/cpuinfo)";
  }
  try {
    sys.close(sys.open("/dev/kvm", { read: true, write: true }));
    return undefined;
  } catch (error) {
    if (error instanceof SysError) return `/dev/kvm cannot be opened (${error.code})`;
    throw error;
  }
}

function virtualizes(flags: ReadonlySet<string>): boolean {
  return flags.has("vmx") || flags.has("svm");
}

/** The first processor's entry in /proc/cpuinfo: machines with hundreds of them have a file of a megabyte. */
export function cpuInfo(sys: Pick<FilesPort, "open" | "read" | "close">): string {
  const buffer = new Uint8Array(8192);
  const fd = sys.open("/proc/cpuinfo");
  try {
    let filled = 0;
    for (;;) {
      const count = sys.read(fd, buffer, filled, buffer.length - filled);
      if (count <= 0) break;
      filled += count;
    }
    const text = utf8Decode(buffer.subarray(0, filled));
    return text.slice(0, text.indexOf("\n\n") + 1 || text.length);
  } finally {
    sys.close(fd);
  }
}
