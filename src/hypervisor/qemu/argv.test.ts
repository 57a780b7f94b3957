import { describe, expect, test } from "vitest";
import { plainMachine } from "../testing/machine.ts";
import { toArgv } from "./argv.ts";
import type { QemuMachine } from "./machine.ts";

/** The values of every occurrence of an option. */
function values(machine: QemuMachine, name: string): string[] {
  const { argv } = toArgv(machine);
  return argv.filter((_, index) => argv[index - 1] === name);
}

const share = {
  kind: "share",
  tag: "kataShared",
  socketPath: "/run/vc/vm/s1/virtiofsd.sock",
  queueSize: 1024,
} as const;
const disk = { kind: "block", id: "disk0", path: "/srv/a,b.img", readOnly: true, format: "raw" } as const;
const nic = {
  kind: "network",
  id: "net0",
  tapDescriptors: [20],
  fds: [6],
  mac: "02:00:00:00:00:01",
  queues: 1,
} as const;

const image = { kind: "image", path: "/guest/kata.img", verity: undefined } as const;

describe("toArgv()", () => {
  test("a q35 pod with a share, as a whole", () => {
    expect(toArgv(plainMachine({ devices: [share] })).argv).toMatchInlineSnapshot(`
      [
        "/usr/bin/qemu-system-x86_64",
        "-name",
        "sandbox-s1,debug-threads=on",
        "-machine",
        "q35,accel=tcg,memory-backend=ram0,vmport=off,smm=off,sata=off,smbus=off,usb=off,i8042=off,graphics=off,hpet=on,pit=off",
        "-cpu",
        "max,la57=off,erms=off,fsrm=off",
        "-m",
        "512M",
        "-object",
        "memory-backend-memfd,id=ram0,size=512M,share=on",
        "-smp",
        "1",
        "-no-user-config",
        "-nodefaults",
        "-nographic",
        "-vga",
        "none",
        "-no-reboot",
        "-chardev",
        "socket,id=qmp0,fd=3",
        "-mon",
        "chardev=qmp0,mode=control",
        "-sandbox",
        "on,spawn=deny",
        "-chardev",
        "stdio,id=console0,signal=off",
        "-serial",
        "chardev:console0",
        "-device",
        "virtio-serial-pci,id=serial0,max_ports=2,addr=02",
        "-chardev",
        "socket,id=port0,fd=4,server=on,wait=off",
        "-device",
        "virtserialport,bus=serial0.0,nr=1,chardev=port0,name=agent.channel.0",
        "-object",
        "rng-random,id=rng0,filename=/dev/urandom",
        "-device",
        "virtio-rng-pci,id=rngdev0,rng=rng0,addr=03",
        "-chardev",
        "socket,id=sharechar0,path=/run/vc/vm/s1/virtiofsd.sock",
        "-device",
        "vhost-user-fs-pci,id=share0,chardev=sharechar0,tag=kataShared,queue-size=1024,addr=04",
        "-bios",
        "/usr/share/qemu/qboot.rom",
        "-kernel",
        "/guest/vmlinux",
        "-initrd",
        "/guest/initrd.img",
        "-append",
        "tsc=reliable no_timer_check rcupdate.rcu_expedited=1 noreplace-smp reboot=t cryptomgr.notests net.ifnames=0 pci=lastbus=0 pcie_ports=compat nolapic_timer initcall_blacklist=crypto_kdf108_init,blake2s_mod_init,trace_eval_init,tracer_init_tracefs,ftrace_check_for_weak_functions console=ttyS0 8250.nr_uarts=1 panic=-1 quiet systemd.show_status=false",
      ]
    `);
  });

  test("every disk has an address that the guest will know it by", () => {
    const second = { ...disk, id: "disk1", path: "/dev/vg/x", readOnly: false };
    const { argv, disks } = toArgv(plainMachine({ devices: [share, disk, second] }));
    const text = argv.join(" ");
    expect(text).toContain(
      "-blockdev node-name=node-disk0,driver=raw,read-only=on,file.driver=file,file.filename=/srv/a,,b.img,file.aio=threads -device virtio-blk-pci,id=disk0,drive=node-disk0,addr=05",
    );
    expect(text).toContain("file.driver=host_device,file.filename=/dev/vg/x");
    expect(disks).toEqual([
      { id: "disk0", address: { driver: "blk", source: "05" } },
      { id: "disk1", address: { driver: "blk", source: "06" } },
    ]);
  });

  test("native AIO opens disks without the host's cache", () => {
    const machine = plainMachine({ devices: [disk] }, { blockDeviceAio: "native" });
    expect(values(machine, "-blockdev")[0]).toContain("file.aio=native,file.cache.direct=on");
  });

  test("network devices take their taps by descriptor, several queues with their vectors", () => {
    const machine = plainMachine({ devices: [nic, { ...nic, id: "net1", fds: [7, 8], queues: 2 }] });
    expect(values(machine, "-netdev")).toEqual(["tap,id=net-net0,vhost=off,fd=6", "tap,id=net-net1,vhost=off,fds=7:8"]);
    expect(values(machine, "-device").filter((device) => device.startsWith("virtio-net"))).toEqual([
      "virtio-net-pci,id=net0,netdev=net-net0,mac=02:00:00:00:00:01,romfile=,addr=04",
      "virtio-net-pci,id=net1,netdev=net-net1,mac=02:00:00:00:00:01,romfile=,mq=on,vectors=6,addr=05",
    ]);
    expect(values({ ...machine, vhostNet: true }, "-netdev")[0]).toBe("tap,id=net-net0,vhost=on,fd=6");
  });

  test("KVM shows the host's CPU", () => {
    const machine = plainMachine({ accelerator: "kvm", vcpus: 4 }, { cpuFeatures: "pmu=off" });
    expect(values(machine, "-cpu")).toEqual(["host,pmu=off"]);
    expect(values(machine, "-smp")).toEqual(["4"]);
    expect(values(machine, "-machine")[0]).toMatch(/^q35,accel=kvm,.*hpet=off$/);
  });

  test("machine accelerators come last, so that they win", () => {
    expect(values(plainMachine({}, { machineAccelerators: "hpet=off,x=y" }), "-machine")[0]).toMatch(/,hpet=off,x=y$/);
  });

  test("microvm has virtio-mmio devices and no PCI", () => {
    const machine = plainMachine(
      { devices: [share, disk, nic], firmware: undefined, hotplugPorts: 2 },
      { machineType: "microvm" },
    );
    const { argv, disks, hotplugPorts } = toArgv(machine);
    expect(argv.join(" ")).not.toMatch(/-pci|addr=|pcie-root-port|romfile|-bios/);
    expect(values(machine, "-global")).toEqual(["virtio-mmio.force-legacy=false"]);
    expect(disks).toEqual([{ id: "disk0", address: { driver: "mmioblk", source: "/dev/vda" } }]);
    expect(hotplugPorts).toEqual([]);
  });

  test("vsock, and vsock without the host's kernel", () => {
    const vsock = plainMachine({ transport: { kind: "vsock", cid: 77 } });
    expect(values(vsock, "-device")[0]).toBe("vhost-vsock-pci,id=vsock0,guest-cid=77,addr=02");
    const hybrid = plainMachine({ transport: { kind: "hybrid-vsock", socketPath: "/v.sock" } });
    expect(values(hybrid, "-chardev")).toContain("socket,id=vsockchar0,path=/v.sock");
    expect(values(hybrid, "-device")[0]).toBe("vhost-user-vsock-pci,id=vsock0,chardev=vsockchar0,addr=02");
  });

  test("an image is a read-only disk, the first one", () => {
    const boot = { ...image, fsType: "ext4", driver: "virtio-blk" } as const;
    const machine = plainMachine({ imageBytes: 1 << 28, devices: [disk] }, { boot });
    expect(values(machine, "-initrd")).toEqual([]);
    expect(values(machine, "-blockdev")[0]).toBe(
      "node-name=node-image0,driver=raw,read-only=on,file.driver=file,file.filename=/guest/kata.img",
    );
    expect(values(machine, "-append")[0]).toContain(
      "root=/dev/vda1 rootflags=data=ordered,errors=remount-ro ro rootfstype=ext4",
    );
    const mmio = { ...machine, config: { ...machine.config, machineType: "microvm" } };
    expect(toArgv(mmio).disks).toEqual([{ id: "disk0", address: { driver: "mmioblk", source: "/dev/vdb" } }]);
  });

  test("an image can be persistent memory", () => {
    const boot = { ...image, fsType: "erofs", driver: "nvdimm" } as const;
    const machine = plainMachine({ imageBytes: 1 << 28 }, { boot });
    expect(values(machine, "-machine")[0]).toContain("nvdimm=on");
    expect(values(machine, "-m")).toEqual(["512M,slots=2,maxmem=1792M"]);
    expect(values(machine, "-object")).toContain(
      "memory-backend-file,id=image0,mem-path=/guest/kata.img,size=268435456,share=on,readonly=on",
    );
    expect(values(machine, "-append")[0]).toContain("root=/dev/pmem0p1 rootflags=dax ro rootfstype=erofs");
  });

  test("ports for hot-plugged devices know their slots", () => {
    const machine = plainMachine({ hotplugPorts: 2 });
    expect(values(machine, "-device").slice(0, 2)).toEqual([
      "pcie-root-port,id=hotplug0,chassis=1,slot=1,addr=02",
      "pcie-root-port,id=hotplug1,chassis=2,slot=2,addr=03",
    ]);
    expect(toArgv(machine).hotplugPorts).toEqual([
      { id: "hotplug0", slot: 2 },
      { id: "hotplug1", slot: 3 },
    ]);
  });

  test("no sandbox and no firmware when they are switched off", () => {
    const { argv } = toArgv(plainMachine({ firmware: undefined }, { seccompSandbox: "" }));
    expect(argv).not.toContain("-sandbox");
    expect(argv).not.toContain("-bios");
  });

  test("a full bus and a bad id are errors", () => {
    const disks = Array.from({ length: 30 }, (_, index) => ({ ...disk, id: `d${index}` }));
    expect(() => toArgv(plainMachine({ devices: disks }))).toThrow("The machine has no more than 29 PCI slots");
    expect(() => toArgv(plainMachine({ devices: [{ ...disk, id: "a,b" }] }))).toThrow("is no device id");
  });
});
