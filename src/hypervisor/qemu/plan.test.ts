import { describe, expect, test } from "vitest";
import { configOf } from "../../config/testing/config-of.ts";
import { createFakeSys, type FakeSys } from "../../sys/fake.ts";
import type { VmSpec } from "../hypervisor.ts";
import { planVm } from "./plan.ts";

const spec: VmSpec = {
  sandboxId: "s1",
  directory: "/run/vc/vm/s1",
  vcpus: 1,
  maxVcpus: 1,
  memoryMib: 512,
  maxMemoryMib: 512,
  kernelParams: ["last"],
  netns: "/run/netns/x",
  devices: [],
};

function host(): FakeSys {
  const sys = createFakeSys();
  sys.fake.addFile("/proc/cpuinfo", "processor : 0\nflags : fpu\ncpu MHz\t\t: 2596.100\n\n");
  sys.fake.addFile("/usr/bin/qemu-system-x86_64", "", 0o755);
  sys.fake.addFile("/usr/share/qemu/qboot.rom");
  sys.fake.addFile("/g/vmlinux");
  sys.fake.addFile("/g/initrd");
  return sys;
}

function plan(sys: FakeSys, keys = "", changes: Partial<VmSpec> = {}) {
  const source = `[hypervisor.qemu]\nkernel = "/g/vmlinux"\ninitrd = "/g/initrd"\n`;
  const config = configOf([source, keys.startsWith("[") ? keys : `[hypervisor.qemu]\n${keys}`]);
  return planVm(sys, config, { ...spec, ...changes });
}

describe("planVm()", () => {
  test("takes the first way to the agent that the host has", () => {
    const sys = host();
    expect(plan(sys).channels.agent).toEqual({ kind: "port", path: "/run/vc/vm/s1/agent.sock" });
    sys.fake.addFile("/usr/bin/vhost-device-vsock", "", 0o755);
    expect(plan(sys)).toMatchObject({
      channels: {
        log: { kind: "hybrid-vsock", path: "/run/vc/vm/s1/vsock.sock", port: 1025 },
        debugConsole: undefined,
      },
      daemon: {
        path: "/usr/bin/vhost-device-vsock",
        argv: [
          "/usr/bin/vhost-device-vsock",
          "--vm",
          "guest-cid=3,socket=/run/vc/vm/s1/vhost-vsock.sock,uds-path=/run/vc/vm/s1/vsock.sock",
        ],
      },
      listenPaths: [],
    });
    sys.fake.addFile("/dev/vhost-vsock");
    const { agent } = plan(sys).channels;
    expect(agent.kind === "vsock" && agent.cid >= 3 && agent.cid < 0xffff_ffff).toBe(true);
    expect(plan(sys).daemon).toBeUndefined();
  });

  test.each([
    ["vsock", "the host has no /dev/vhost-vsock"],
    ["hybrid-vsock", "vhost-device-vsock is not installed"],
  ])("does not take %s where it is forced and missing", (transport, reason) => {
    expect(() => plan(host(), `[agent.kata]\nagent_transport = "${transport}"\n`)).toThrow(reason);
  });

  test("gives every channel its descriptor, and taps the ones behind them", () => {
    const nic = { kind: "network", id: "n0", mac: "02:00:00:00:00:01", queues: 2 } as const;
    const { command, listenPaths, passedFds } = plan(host(), "[agent.kata]\ndebug_console_enabled = true\n", {
      devices: [
        { ...nic, tapDescriptors: [40, 41] },
        { ...nic, id: "n1", queues: 1, tapDescriptors: [50] },
      ],
    });
    expect(listenPaths.map((path) => path.slice(path.lastIndexOf("/") + 1))).toEqual([
      "agent.sock",
      "log.sock",
      "debug.sock",
    ]);
    expect(passedFds).toEqual([40, 41, 50]);
    const text = command.argv.join(" ");
    expect(text).toContain("id=port2,fd=6,");
    expect(text).toContain("fds=7:8");
    expect(text).toContain("fd=9");
    expect(text).toContain("agent.debug_console agent.debug_console_vport=1026 last");
  });

  test("a pod's kernel parameters replace the configuration's", () => {
    const { command } = plan(host(), 'kernel_params = "mine=1 quiet=no console=hvc0"', {
      kernelParams: ["mine=2", "console=hvc1", 'x="a b"'],
    });
    expect(command.argv.at(-1)).toMatch(/ quiet=no console=hvc0 mine=2 console=hvc1 x="a b"$/);
  });

  test("makes as many ports for later devices as the configuration or the VM wants", () => {
    const ports = (keys: string, changes: Partial<VmSpec>) => plan(host(), keys, changes).command.hotplugPorts.length;
    expect(ports("", {})).toBe(0);
    expect(ports("pcie_root_port = 1", { hotplugPorts: 2 })).toBe(2);
    expect(ports("pcie_root_port = 3", { hotplugPorts: 2 })).toBe(3);
  });

  test("uses the host's vhost-net where there is one", () => {
    const sys = host();
    const nic = { kind: "network", id: "n0", mac: "02:00:00:00:00:01", queues: 1, tapDescriptors: [40] } as const;
    expect(plan(sys, "", { devices: [nic] }).command.argv.join(" ")).toContain("vhost=off");
    sys.fake.addFile("/dev/vhost-net");
    expect(plan(sys, "", { devices: [nic] }).command.argv.join(" ")).toContain("vhost=on");
  });

  test("tells the agent its parameters, the operator's behind them", () => {
    const agent =
      "[agent.kata]\nenable_debug = true\ncontainer_pipe_size = 4096\n[hypervisor.qemu]\nkernel_params = 'a=1'\n";
    expect(plan(host(), agent).command.argv.at(-1)).toMatch(
      / agent.log=debug agent.container_pipe_size=4096 a=1 last$/,
    );
  });

  test.each([
    ["kernel", 'kernel = "/no/vmlinux"', "The guest's kernel does not exist: hypervisor.qemu.kernel is /no/vmlinux"],
    ["initrd", 'initrd = "/no/initrd"', "The guest's initrd does not exist: hypervisor.qemu.initrd is /no/initrd"],
    ["kernel", 'kernel = "/g"', "The guest's kernel is not a file"],
    ["path", 'path = "/no/qemu"', "QEMU does not exist: hypervisor.qemu.path is /no/qemu"],
    ["path", 'path = "/g/vmlinux"', "QEMU is not executable"],
    ["firmware", 'firmware = "/no/fw"', "The firmware does not exist"],
    ["accelerator", 'accelerator = "kvm"', "KVM is not usable"],
  ])("names the key %s for %s", (key, keys, message) => {
    expect(() => plan(host(), keys)).toThrow(message);
    expect(() => plan(host(), keys)).toThrow(
      expect.objectContaining({ field: `hypervisor.qemu.${key}`, hint: expect.any(String) }),
    );
  });

  test("keeps memory within what a guest needs and a VM may have", () => {
    expect(() => plan(host(), "", { memoryMib: 64 })).toThrow(
      "64 MiB of memory are too little for a guest: the minimum is 96 MiB",
    );
    expect(() => plan(host(), "", { memoryMib: 5000 })).toThrow("the maximum is 4096 MiB");
  });

  test("lets the host's kernel move packets where it can, unless told not to", () => {
    const sys = host();
    const devices = [
      { kind: "network", id: "net0", mac: "02:00:00:00:00:01", tapDescriptors: [9], queues: 1 },
    ] as const;
    const vhost = (keys: string) => /vhost=(\w+)/.exec(plan(sys, keys, { devices }).command.argv.join(" "))?.[1];
    expect(vhost("")).toBe("off");
    sys.fake.addFile("/dev/vhost-net");
    expect(vhost("")).toBe("on");
    expect(vhost("disable_vhost_net = true")).toBe("off");
  });

  test("starts kernels with qboot where it is installed", () => {
    const sys = host();
    expect(plan(sys).command.argv.join(" ")).toContain("-bios /usr/share/qemu/qboot.rom");
    sys.unlink("/usr/share/qemu/qboot.rom");
    expect(plan(sys).command.argv).not.toContain("-bios");
    sys.fake.addFile("/opt/kata/bin/qemu", "", 0o755);
    sys.fake.addFile("/opt/kata/share/qemu/qboot.rom");
    expect(plan(sys, 'path = "/opt/kata/bin/qemu"').command.argv.join(" ")).toContain(
      "-bios /opt/kata/share/qemu/qboot.rom",
    );
  });

  test("measures the clock for microvm", () => {
    expect(plan(host(), 'machine_type = "microvm"').command.argv.at(-1)).toContain("tsc_early_khz=2596100");
  });
});
