import { KataError } from "../../base/error.ts";
import type { GuestBlockAddress } from "../hypervisor.ts";
import { blockArgs } from "./devices/block.ts";
import { channelArgs } from "./devices/channels.ts";
import { consoleArgs } from "./devices/console.ts";
import { imageArgs } from "./devices/image.ts";
import { networkArgs } from "./devices/network.ts";
import { mmioPlacement, type Placement, pciPlacement } from "./devices/placement.ts";
import { shareArgs } from "./devices/share.ts";
import { kernelCommandLine } from "./kernel-command-line.ts";
import type { QemuMachine } from "./machine.ts";
import { option } from "./option.ts";
import { guestPciPath } from "./pci-slots.ts";

/** What is to be run, and where the guest will find things. */
export interface QemuCommand {
  /** The whole argv. */
  readonly argv: readonly string[];
  readonly disks: readonly PlacedDisk[];
  /** Free ports for hot-plugged devices. */
  readonly hotplugPorts: readonly HotplugPort[];
}

/** A block device of the machine, and where the guest finds it. */
export interface PlacedDisk {
  readonly id: string;
  readonly address: GuestBlockAddress;
}

/** A PCIe port that holds one device. */
export interface HotplugPort {
  readonly id: string;
  readonly slot: number;
}

/** QEMU's command line for a machine. Pure. Throws KataError for what the machine cannot hold. */
export function toArgv(machine: QemuMachine): QemuCommand {
  const { config, devices } = machine;
  const place = config.machineType === "microvm" ? mmioPlacement() : pciPlacement();
  const disks: PlacedDisk[] = [];
  const ports = hotplugPortArgs(machine, place);
  const deviceArgs = [...ports.args, ...channelArgs(machine.transport, place), ...rngArgs(config.entropySource, place)];
  let probed = 0;
  if (config.boot.kind === "image") {
    deviceArgs.push(...imageArgs(config.boot.path, machine.imageBytes, config.boot.driver, place));
    if (config.boot.driver !== "nvdimm") probed++;
  }
  devices.forEach((device, index) => {
    if (device.kind === "share") deviceArgs.push(...shareArgs(device, index, place));
    else if (device.kind === "network") deviceArgs.push(...networkArgs(device, machine.vhostNet, place));
    else {
      const { args, slot } = blockArgs(device, config.blockDeviceAio, place);
      deviceArgs.push(...args);
      disks.push({ id: device.id, address: blockAddress(slot, probed++) });
    }
  });
  const argv = [
    config.path,
    "-name",
    option(`sandbox-${machine.name}`, { "debug-threads": true }),
    ...machineArgs(machine),
    ...memoryArgs(machine),
    "-smp",
    String(machine.vcpus),
    ...knobs,
    ...qmpArgs(machine.qmpFd),
    ...(config.seccompSandbox === "" ? [] : ["-sandbox", config.seccompSandbox]),
    ...consoleArgs(),
    ...deviceArgs,
    ...(machine.firmware === undefined ? [] : ["-bios", machine.firmware]),
    "-kernel",
    config.kernelPath,
    ...(config.boot.kind === "initrd" ? ["-initrd", config.boot.path] : []),
    "-append",
    kernelCommandLine(machine),
  ];
  return { argv, disks, hotplugPorts: ports.ports };
}

/** Nothing but what is asked for; a guest that reboots ends QEMU. */
const knobs = ["-no-user-config", "-nodefaults", "-nographic", "-vga", "none", "-no-reboot"];

// Parts of the chipset that cost time to emulate, to describe in ACPI and to probe.
const q35Options = "vmport=off,smm=off,sata=off,smbus=off,usb=off,i8042=off,graphics=off";
// A TCG guest that does without the local APIC's timer has the HPET; without a PIT nothing is measured against it for 50 ms.
const tcgTimers = "hpet=on,pit=off";
const microvmOptions = "x-option-roms=off,isa-serial=on,rtc=on,acpi=on,pit=on,pic=on,auto-kernel-cmdline=on";

function machineArgs({ config, accelerator }: QemuMachine): string[] {
  const microvm = config.machineType === "microvm";
  const nvdimm = config.boot.kind === "image" && config.boot.driver === "nvdimm";
  const options = [
    config.machineType,
    `accel=${accelerator}`,
    "memory-backend=ram0",
    microvm ? microvmOptions : q35Options,
    ...(microvm ? [] : [accelerator === "tcg" ? tcgTimers : "hpet=off"]),
    ...(nvdimm ? ["nvdimm=on"] : []),
    ...(config.machineAccelerators === "" ? [] : [config.machineAccelerators]),
  ];
  // Page tables of five levels serve no guest of this size, and under TCG every walk of them costs. A guest that is promised
  // fast `rep movsb` copies with it, which TCG does byte by byte: reads would be four times, pipes three times slower.
  const cpu = [
    accelerator === "kvm" ? "host" : "max,la57=off,erms=off,fsrm=off",
    ...(config.cpuFeatures === "" ? [] : [config.cpuFeatures]),
  ];
  const mmio = microvm ? ["-global", "virtio-mmio.force-legacy=false"] : [];
  return ["-machine", options.join(","), "-cpu", cpu.join(","), ...mmio];
}

/** Memory that other processes can map: vhost-user devices work on it. It is taken from the host as the guest touches it. */
function memoryArgs({ memoryMib, config, imageBytes }: QemuMachine): string[] {
  const nvdimm = config.boot.kind === "image" && config.boot.driver === "nvdimm";
  const extraMib = nvdimm ? Math.ceil(imageBytes / (1024 * 1024)) + 1024 : 0;
  return [
    "-m",
    nvdimm ? option(`${memoryMib}M`, { slots: 2, maxmem: `${memoryMib + extraMib}M` }) : `${memoryMib}M`,
    "-object",
    option("memory-backend-memfd", { id: "ram0", size: `${memoryMib}M`, share: true }),
  ];
}

function qmpArgs(fd: number): string[] {
  return ["-chardev", option("socket", { id: "qmp0", fd }), "-mon", option("", { chardev: "qmp0", mode: "control" })];
}

function rngArgs(source: string, place: Placement): readonly string[] {
  return [
    "-object",
    option("rng-random", { id: "rng0", filename: source }),
    ...place.virtio("virtio-rng", { id: "rngdev0", rng: "rng0" }).args,
  ];
}

function hotplugPortArgs(
  { hotplugPorts }: QemuMachine,
  place: Placement,
): { readonly args: readonly string[]; readonly ports: readonly HotplugPort[] } {
  const args: string[] = [];
  const ports: HotplugPort[] = [];
  for (let index = 0; index < hotplugPorts; index++) {
    const slot = place.slot();
    if (slot === undefined) break;
    const id = `hotplug${index}`;
    ports.push({ id, slot });
    args.push(
      "-device",
      option("pcie-root-port", { id, chassis: index + 1, slot: index + 1, addr: guestPciPath(slot) }),
    );
  }
  return { args, ports };
}

/** By its PCI slot, or by the order of probing. */
function blockAddress(slot: number | undefined, index: number): GuestBlockAddress {
  if (slot !== undefined) return { driver: "blk", source: guestPciPath(slot) };
  if (index < 26) return { driver: "mmioblk", source: `/dev/vd${String.fromCharCode(97 + index)}` };
  throw new KataError("resource-exhausted", "A microvm takes at most 26 disks");
}
