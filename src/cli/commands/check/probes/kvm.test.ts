import { expect, test } from "vitest";
import { HealthyHost } from "../testing/healthy-host.ts";
import { cpuProbe, nestingProbe } from "./cpu.ts";
import { kvmProbe, kvmState } from "./kvm.ts";
import { moduleState, modulesProbe } from "./modules.ts";

const kvmFails = (host: HealthyHost, code: string) =>
  host.sys.fake.fail("open", { code, when: (path) => path === "/dev/kvm" });

/** Ways to be without KVM, and what is said about each under accelerator = "auto". */
const obstacles: readonly (readonly [name: string, (host: HealthyHost) => unknown, reason: RegExp, remedy: RegExp])[] =
  [
    [
      "no device",
      (host) => host.sys.unlink("/dev/kvm"),
      /the module kvm is loaded, but there is no \/dev\/kvm/,
      /firmware/,
    ],
    [
      "neither device nor module",
      (host) => [host.sys.unlink("/dev/kvm"), host.sys.removeTree("/sys/module/kvm")],
      /^there is no \/dev\/kvm/,
      /CPU's module/,
    ],
    ["no permission", (host) => kvmFails(host, "EACCES"), /may not be opened \(EACCES\)/, /owner and mode/],
    ["no permission by a container's device list", (host) => kvmFails(host, "EPERM"), /EPERM/, /device list/],
    [
      "a device without a driver",
      (host) => kvmFails(host, "ENODEV"),
      /no KVM behind it \(ENODEV\)/,
      /kvm_intel or kvm_amd/,
    ],
    ["another device of that name", (host) => host.sys.fake.fail("probeKvm", "ENOTTY"), /no KVM behind it/, /dmesg/],
    [
      "a CPU without it",
      (host) => host.setCpu("GenuineIntel", "lm sse4_1"),
      /the CPU offers no virtualization/,
      /CPU above/,
    ],
  ];

test.each(obstacles)("without KVM, by %s: TCG", async (_, spoil, reason, remedy) => {
  const host = new HealthyHost();
  spoil(host);
  expect(await host.run(kvmProbe)).toMatchObject({
    result: "warning",
    reason: expect.stringMatching(new RegExp(`${reason.source}.*: TCG will be used, 10 to 30 times slower$`)),
    remedy: expect.stringMatching(remedy),
  });
  expect(await host.configure({ accelerator: "kvm" }).run(kvmProbe)).toMatchObject({
    result: "failed",
    reason: expect.stringMatching(/, and guests are not to run without it$/),
  });
  expect(await host.configure({ accelerator: "auto", name: "clh" }).run(kvmProbe)).toMatchObject({ result: "failed" });
  expect(await host.configure({ accelerator: "tcg", name: "qemu" }).run(kvmProbe)).toEqual({
    result: "skipped",
    reason: 'accelerator is "tcg"',
  });
  expect(host.sys.fake.openDescriptors).toEqual([]);
});

test.each([
  ["EBUSY", /makes no VM \(EBUSY\)/, /VirtualBox/],
  ["ENOMEM", /makes no VM \(ENOMEM\)/, /dmesg/],
])("a KVM that opens but refuses VMs with %s stops every start", async (code, reason, remedy) => {
  const host = new HealthyHost();
  host.sys.fake.fail("probeKvm", code);
  expect(await host.run(kvmProbe)).toMatchObject({
    result: "failed",
    reason: expect.stringMatching(reason),
    remedy: expect.stringMatching(remedy),
  });
  expect(host.sys.fake.openDescriptors).toEqual([]);
});

test("a KVM of another time is told by its version", async () => {
  const host = new HealthyHost();
  Object.assign(host.sys, { probeKvm: () => 11 });
  expect(kvmState(host.sys)).toEqual({ kind: "old", apiVersion: 11 });
  expect(await host.run(kvmProbe)).toMatchObject({ result: "failed", reason: expect.stringContaining("version 11") });
});

test("KVM is fine, and whose it is not is told to ask as root", async () => {
  const host = new HealthyHost();
  expect(await host.run(kvmProbe)).toEqual({ result: "ok", reason: "/dev/kvm makes VMs" });
  expect(host.sys.fake.openDescriptors).toEqual([]);
  kvmFails(host.withoutRoot(), "EACCES");
  await expect(host.run(kvmProbe)).rejects.toThrow("EACCES");
});

test("KVM is looked at without a configuration, too", async () => {
  const host = new HealthyHost();
  Object.assign(host, { configuration: { kind: "broken", error: new Error() } });
  host.sys.unlink("/dev/kvm");
  expect(await host.run(kvmProbe)).toMatchObject({ result: "warning" });
});

const noVirtualization = /^it offers no virtualization: .* without (vmx|svm|vmx or svm|sie)$/;

test.each([
  ["x86_64", "GenuineIntel", "lm sse4_1 vmx", "ok", /GenuineIntel Test/],
  ["x86_64", "AuthenticAMD", "lm sse4_1 svm", "ok", /AuthenticAMD Test/],
  ["x86_64", "HygonGenuine", "lm sse4_1 svm", "ok", /HygonGenuine/],
  ["x86_64", "HygonGenuine", "lm sse4_1", "warning", noVirtualization],
  ["x86_64", "GenuineIntel", "lm sse4_1", "warning", noVirtualization],
  ["x86_64", "GenuineIntel", "lm vmx", "warning", /lacks sse4_1$/],
  ["x86_64", "GenuineIntel", "lm sse4_1 svm", "warning", /lacks vmx$/],
  ["aarch64", "", "", "ok", /Test/],
  ["s390x", "IBM/S390", "esan3 sie", "ok", /S390/],
  ["s390x", "IBM/S390", "esan3", "warning", noVirtualization],
  ["i686", "GenuineIntel", "vmx", "failed", /i686 are not known/],
])("a CPU of %s from %j with %j is %s", async (machine, vendor, flags, result, reason) => {
  const host = new HealthyHost().setCpu(vendor, flags).setMachine(machine);
  expect(await host.run(cpuProbe)).toMatchObject({ result, reason: expect.stringMatching(reason) });
});

test("a CPU without virtualization fails only who insists on KVM, and its remedy knows VMs", async () => {
  const host = new HealthyHost().setCpu("GenuineIntel", "lm sse4_1 hypervisor");
  expect(await host.run(cpuProbe)).toMatchObject({ remedy: expect.stringContaining("nested virtualization") });
  expect(await host.run(nestingProbe)).toMatchObject({ result: "ok", reason: expect.stringContaining("a VM") });
  expect(await host.configure({ accelerator: "kvm" }).run(cpuProbe)).toMatchObject({ result: "failed" });
  expect(await host.configure({ accelerator: "tcg" }).run(cpuProbe)).toMatchObject({ result: "skipped" });
  host.setCpu("GenuineIntel", "lm sse4_1").configure({ accelerator: "auto" });
  expect(await host.run(cpuProbe)).toMatchObject({ remedy: expect.stringContaining("firmware") });
  expect(await host.run(nestingProbe)).toEqual({ result: "ok", reason: "a physical machine" });
  expect(await host.setMachine("aarch64").run(nestingProbe)).toMatchObject({ result: "skipped" });
});

test("modules are found loaded, built in, in /lib/modules, or not at all", () => {
  const { sys } = new HealthyHost();
  const directory = "/lib/modules/6.1.0-fake";
  sys.fake.addFile(`${directory}/modules.builtin`, "kernel/drivers/net/tun.ko\nkernel/arch/x86/kvm/kvm-intel.ko\n");
  sys.fake.addFile(
    `${directory}/modules.dep`,
    "kernel/drivers/vhost/vhost_net.ko.xz: kernel/drivers/vhost/vhost.ko.xz\n",
  );
  const states = ["kvm", "kvm_intel", "tun", "vhost_net", "net", "un"].map((name) => moduleState(sys, name));
  sys.fake.tree.get("stat", "/sys/module").entries.clear();
  const cold = ["kvm", "kvm_intel", "vhost_net"].map((name) => moduleState(sys, name));
  expect(states).toEqual(["there", "there", "there", "there", "missing", "missing"]);
  expect(cold).toEqual(["missing", "there", "loadable"]);
});

test.each<[string, (host: HealthyHost) => unknown, object]>([
  ["all there", () => {}, { result: "ok", reason: "kvm, kvm_intel, vhost, vhost_net, vhost_vsock" }],
  [
    "only the optional one missing",
    (host) => [host.sys.removeTree("/sys/module/vhost_vsock"), host.sys.unlink("/dev/vhost-vsock")],
    { result: "ok" },
  ],
  [
    "the CPU's missing",
    (host) => host.sys.removeTree("/sys/module/kvm_intel"),
    {
      result: "warning",
      reason: "not loaded: kvm_intel; KVM needs them",
      remedy: expect.stringContaining("Use a kernel that has kvm_intel"),
    },
  ],
  [
    "the CPU's to be loaded",
    (host) => {
      host.sys.removeTree("/sys/module/kvm_intel");
      host.sys.fake.addFile("/lib/modules/6.1.0-fake/modules.dep", "kernel/arch/x86/kvm/kvm-intel.ko: \n");
    },
    { result: "warning", remedy: expect.stringMatching(/^modprobe -a kvm_intel;/) },
  ],
  [
    "KVM's missing, but the CPU has no use for them",
    (host) => [host.setCpu("GenuineIntel", "lm sse4_1"), host.sys.removeTree("/sys/module/kvm_intel")],
    { result: "ok" },
  ],
  [
    "a parameter off",
    (host) => host.sys.fake.addFile("/sys/module/kvm_intel/parameters/unrestricted_guest", "N\n"),
    { result: "warning", reason: "kvm_intel without unrestricted_guest", remedy: expect.stringContaining("modprobe") },
  ],
  [
    "the network's missing",
    (host) => [host.sys.removeTree("/sys/module/vhost_net")],
    { result: "warning", reason: "not loaded: vhost_net; without them, networks are slower" },
  ],
  [
    "another vendor's",
    (host) => [host.setCpu("AuthenticAMD", "lm sse4_1 svm"), host.sys.removeTree("/sys/module/kvm_intel")],
    { result: "warning", reason: "not loaded: kvm_amd; KVM needs them" },
  ],
  ["an unknown architecture", (host) => host.setMachine("i686"), { result: "skipped" }],
])("modules, %s", async (_, spoil, expected) => {
  const host = new HealthyHost();
  spoil(host);
  expect(await host.run(modulesProbe)).toMatchObject(expected);
});

test("built-in modules without parameters show by their devices", async () => {
  const host = new HealthyHost().setMachine("aarch64");
  for (const name of ["kvm", "vhost", "vhost_net", "vhost_vsock"]) host.sys.removeTree(`/sys/module/${name}`);
  host.sys.fake.addFile("/dev/vhost-net");
  expect(await host.run(modulesProbe)).toMatchObject({ result: "ok", reason: "kvm, vhost, vhost_net, vhost_vsock" });
});
