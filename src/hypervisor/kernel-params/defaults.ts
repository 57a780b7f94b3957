import { KataError } from "../../base/error.ts";
import type { Architecture } from "../../config/architecture.ts";
import { type HypervisorType, hypervisorDisplayName } from "../../config/hypervisor-type.ts";
import { type Param, parseParams, splitKernelParams } from "../../config/kernel-params/param.ts";

/** The words of one VMM on one architecture. */
interface DefaultWords {
  /** About the machine. */
  readonly machine: string;
  /** Where the guest has an IOMMU, in addition. */
  readonly iommu?: string;
  /** Console and messages for people who look for a fault... */
  readonly debug: string;
  /** ... the same where the guest is confidential, if it differs... */
  readonly debugConfidential?: string;
  /** ... and for all others. */
  readonly quiet: string;
}

/** What a guest is like, as far as its default parameters depend on it. */
export interface GuestKind {
  readonly debug: boolean;
  readonly iommu?: boolean;
  readonly confidential?: boolean;
}

/** The default parameters of a guest, in two parts: those of its root file system stand between them. */
export interface KernelDefaults {
  readonly machine: readonly Param[];
  readonly console: readonly Param[];
}

// The console is what QEMU's `-serial` is on each machine. A panic ends the VM at once, for QEMU does not reboot it.
function qemuWords(console: string): Pick<DefaultWords, "debug" | "quiet"> {
  return {
    debug: `${console} panic=-1 ignore_loglevel`,
    quiet: `${console} panic=-1 quiet systemd.show_status=false`,
  };
}

const clhDebug = (console: string) => `console=${console} systemd.log_target=console`;

const firecracker = {
  // Without a serial port there is no console: messages go nowhere.
  debug: "console=ttyS0",
  quiet: "8250.nr_uarts=0",
} as const;

const stratovirt = { debug: "debug console=hvc0", quiet: "quiet 8250.nr_uarts=0" } as const;

// Neither VMM has a console of its own: kernel_params name one if it is wanted.
const bare: DefaultWords = { machine: "reboot=k panic=1", debug: "", quiet: "" };

/** VMs that are not started with a command line of ours. */
const none: DefaultWords = { machine: "", debug: "", quiet: "" };
const everywhere = { amd64: none, arm64: none, ppc64le: none, s390x: none, riscv64: none };

/**
 * Upstream's words, but for QEMU on amd64, where those are left out that probe for hardware which our machine does not have,
 * and for words that only x86 knows, which another kernel would hand to init.
 */
const tables: Readonly<Record<HypervisorType, Partial<Readonly<Record<Architecture, DefaultWords>>>>> = {
  qemu: {
    amd64: {
      // There is no keyboard controller, neither to be probed (i8042.*) nor to reset by: a triple fault is quickest anyway.
      machine:
        "tsc=reliable no_timer_check rcupdate.rcu_expedited=1 noreplace-smp reboot=t cryptomgr.notests net.ifnames=0",
      iommu: "intel_iommu=on iommu=pt",
      ...qemuWords("console=ttyS0 8250.nr_uarts=1"),
    },
    arm64: { machine: "iommu.passthrough=0", ...qemuWords("console=ttyAMA0") },
    ppc64le: {
      machine: "rcupdate.rcu_expedited=1 reboot=k cryptomgr.notests net.ifnames=0",
      ...qemuWords("console=hvc0"),
    },
    s390x: { machine: "", ...qemuWords("console=ttysclp0") },
    riscv64: { machine: "", ...qemuWords("console=ttyS0") },
  },
  clh: {
    amd64: {
      machine: "panic=1 no_timer_check noreplace-smp",
      iommu: "iommu=pt",
      debug: clhDebug("ttyS0,115200n8"),
      debugConfidential: clhDebug("hvc0"),
      quiet: "quiet",
    },
    arm64: {
      machine: "panic=1",
      debug: clhDebug("ttyAMA0,115200n8"),
      debugConfidential: clhDebug("hvc0"),
      quiet: "quiet",
    },
  },
  firecracker: {
    amd64: {
      machine: "pci=off reboot=k panic=1 iommu=off net.ifnames=0 random.trust_cpu=on acpi=off",
      ...firecracker,
    },
    arm64: { machine: "pci=off reboot=k panic=1 net.ifnames=0 random.trust_cpu=on acpi=off", ...firecracker },
  },
  stratovirt: {
    // Upstream writes `ramdom.trust_cpu`, which no kernel knows; what was meant is said here.
    amd64: {
      machine: "reboot=k panic=1 net.ifnames=0 random.trust_cpu=on pci=off iommu=off acpi=off",
      ...stratovirt,
    },
    arm64: { machine: "reboot=k panic=1 net.ifnames=0 random.trust_cpu=on pci=off acpi=off", ...stratovirt },
  },
  acrn: {
    amd64: {
      machine:
        "tsc=reliable no_timer_check nohpet console=tty0 console=ttyS0 console=hvc0 log_buf_len=16M consoleblank=0 rootwait",
      debug: "debug systemd.show_status=true systemd.log_level=debug systemd.log_target=kmsg printk.devkmsg=on",
      quiet: "quiet systemd.show_status=false",
    },
  },
  dragonball: { amd64: bare, arm64: bare },
  openvmm: { amd64: bare, arm64: bare },
  remote: everywhere,
  virtframework: everywhere,
  mock: everywhere,
};

/**
 * The parameters that a VMM's guests start with on an architecture. Throws KataError `unimplemented` for a VMM that does not
 * run there.
 */
export function kernelDefaults(type: HypervisorType, arch: Architecture, guest: GuestKind): KernelDefaults {
  const words = tables[type][arch];
  if (words === undefined) {
    throw new KataError("unimplemented", `${hypervisorDisplayName(type)} runs no guests on ${arch}`, {
      hint: `Use a hypervisor that does: ${typesFor(arch).join(", ")}`,
    });
  }
  const debug = (guest.confidential === true ? words.debugConfidential : undefined) ?? words.debug;
  return {
    machine: read(guest.iommu === true ? `${words.machine} ${words.iommu ?? ""}` : words.machine),
    console: read(guest.debug ? debug : words.quiet),
  };
}

/** For images: systemd starts nothing but the agent, and leaves the network to it. */
export const imageInitParams: readonly Param[] = read(
  "systemd.unit=kata-containers.target systemd.mask=systemd-networkd.service systemd.mask=systemd-networkd.socket",
);

function typesFor(arch: Architecture): string[] {
  return Object.entries(tables)
    .filter(([, byArch]) => byArch[arch] !== undefined && byArch[arch] !== none)
    .map(([type]) => type);
}

function read(text: string): Param[] {
  return parseParams(splitKernelParams(text));
}
