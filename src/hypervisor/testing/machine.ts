import type { QemuMachine } from "../qemu/machine.ts";

/** A machine with every field set to something plain; tests change what they are about. */
export function plainMachine(
  changes: Partial<QemuMachine> = {},
  config: Partial<QemuMachine["config"]> = {},
): QemuMachine {
  return {
    name: "s1",
    config: {
      path: "/usr/bin/qemu-system-x86_64",
      kernelPath: "/guest/vmlinux",
      boot: { kind: "initrd", path: "/guest/initrd.img" },
      machineType: "q35",
      machineAccelerators: "",
      cpuFeatures: "",
      entropySource: "/dev/urandom",
      seccompSandbox: "on,spawn=deny",
      blockDeviceAio: "threads",
      debug: false,
      ...config,
    },
    accelerator: "tcg",
    vcpus: 1,
    memoryMib: 512,
    imageBytes: 0,
    firmware: "/usr/share/qemu/qboot.rom",
    qmpFd: 3,
    transport: { kind: "virtio-serial", ports: [{ name: "agent.channel.0", chardev: "port0", fd: 4 }] },
    devices: [],
    hotplugPorts: 0,
    vhostNet: false,
    agentParams: [],
    kernelParams: [],
    tscKhz: undefined,
    ...changes,
  };
}
