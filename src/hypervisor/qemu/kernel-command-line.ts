import { KataError } from "../../base/error.ts";
import type { QemuMachine } from "./machine.ts";

/** COMMAND_LINE_SIZE of x86; what is longer is cut by the kernel without a word. */
const maxLength = 2047;

/** The kernel's command line; later words win over earlier ones. Throws KataError when it is too long for the kernel. */
export function kernelCommandLine(machine: QemuMachine): string {
  const words = [...machineParams(machine), ...rootParams(machine), ...consoleParams(machine), ...machine.kernelParams];
  const text = words.join(" ");
  if (text.length <= maxLength) return text;
  throw new KataError(
    "invalid-argument",
    `The kernel's command line has ${text.length} characters, at most ${maxLength} are possible`,
    { field: `hypervisor.qemu.kernel_params` },
  );
}

/** What makes the machine start fast: nothing is probed that is not there, nothing is tested that QEMU guarantees. */
function machineParams({ accelerator, vcpus, config, tscKhz }: QemuMachine): string[] {
  const q35 = config.machineType === "q35";
  return [
    "tsc=reliable",
    "no_timer_check",
    "rcupdate.rcu_expedited=1",
    "noreplace-smp",
    // There is no keyboard controller; a triple fault is quickest anyway.
    "reboot=t",
    "cryptomgr.notests",
    "net.ifnames=0",
    // The port service drivers wait for hardware that is not there; hot-plug goes through ACPI.
    ...(q35 ? ["pci=lastbus=0", "pcie_ports=compat"] : []),
    // An emulated local APIC tells no frequency: measuring it takes 0.1 s. Other CPUs have no other timer, though.
    ...(q35 && accelerator === "tcg" && vcpus === 1 ? ["nolapic_timer"] : []),
    // The files of tracefs, a thousand and more, take 0.1 s to make. Who debugs the guest may want them.
    ...(accelerator === "tcg" && !config.debug ? ["initcall_blacklist=trace_eval_init,tracer_init_tracefs"] : []),
    ...(tscKhz === undefined ? [] : [`tsc_early_khz=${tscKhz}`]),
  ];
}

function rootParams({ config }: QemuMachine): string[] {
  const { boot, blockDeviceDriver } = config;
  if (boot.kind === "initrd") return [];
  const dax = blockDeviceDriver === "nvdimm" ? "dax," : "";
  const flags = boot.fsType === "ext4" ? `${dax}data=ordered,errors=remount-ro,ro` : `${dax}ro`;
  return [
    `root=${blockDeviceDriver === "nvdimm" ? "/dev/pmem0p1" : "/dev/vda1"}`,
    `rootflags=${flags}`,
    `rootfstype=${boot.fsType}`,
    "systemd.unit=kata-containers.target",
    "systemd.mask=systemd-networkd.service",
    "systemd.mask=systemd-networkd.socket",
  ];
}

/** A panic ends the VM at once: QEMU does not reboot it (`-no-reboot`). */
function consoleParams({ config }: QemuMachine): string[] {
  return [
    "console=ttyS0",
    "8250.nr_uarts=1",
    "panic=-1",
    ...(config.debug ? ["ignore_loglevel"] : ["quiet", "systemd.show_status=false"]),
  ];
}
