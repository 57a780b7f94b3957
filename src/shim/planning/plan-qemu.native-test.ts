import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { KataError } from "../../base/error.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import { configOf } from "../../config/testing/config-of.ts";
import type { Device, VmSpec } from "../../hypervisor/hypervisor.ts";
import { planVm } from "../../hypervisor/qemu/plan.ts";
import { realmPlanner } from "./realm-planner.ts";

const devices: readonly Device[] = [
  { kind: "share", tag: "kataShared", socketPath: "/run/vc/vm/s1/virtiofsd.sock", queueSize: 1024 },
  { kind: "block", id: "disk0", path: "/dev/null", readOnly: true, format: "raw" },
  { kind: "network", id: "eth0", tapDescriptors: [40, 41], mac: "02:00:00:00:00:01", queues: 2 },
];

const vm: VmSpec = {
  sandboxId: "s1",
  directory: "/run/vc/vm/s1",
  vcpus: 2,
  maxVcpus: 2,
  memoryMib: 512,
  maxMemoryMib: 512,
  kernelParams: ['late="a b"'],
  netns: "/run/netns/x",
  devices,
  hotplugPorts: 4,
};

const bare: VmSpec = { ...vm, devices: [], netns: undefined, hotplugPorts: 0, vcpus: 1 };

/** A configuration whose files exist. vsock is not taken: a plan for it has a random context id. */
function configFor({ sys, tempDir }: TestContext, keys = "", root = "initrd"): RuntimeConfig {
  const dir = tempDir();
  sys.writeFile(`${dir}/vmlinux`, "");
  sys.writeFile(`${dir}/root`, "x".repeat(4096));
  const files = `path = "/proc/self/exe"\nkernel = "${dir}/vmlinux"\n${root} = "${dir}/root"\naccelerator = "tcg"\n`;
  const agent = '[agent.kata]\nagent_transport = "virtio-serial"\ndebug_console_enabled = true\n';
  return configOf([`[hypervisor.qemu]\n${files}${keys}\n${agent}`]);
}

for (const [name, keys, root, spec] of [
  ["an initrd and devices of each kind", "", "initrd", vm],
  ["no device", 'kernel_params = "a=1 late=b"\npcie_root_port = 2', "initrd", bare],
  ["an image", 'block_device_aio = "native"\nenable_debug = true', "image", vm],
  ["an nvdimm", "disable_image_nvdimm = false", "image", vm],
  ["a microvm", 'machine_type = "microvm"', "initrd", bare],
] as const) {
  test(`realmPlanner.qemu() plans as planVm() does: ${name}`, (context) => {
    const config = configFor(context, keys, root);
    const plan = realmPlanner.qemu(config, spec);
    expect(plan).toEqual(planVm(context.sys, config, spec));
    expect(plan.command.argv.length).toBeGreaterThan(20);
    expect(plan.command.disks.map(({ id }) => id)).toEqual(spec === vm ? ["disk0"] : []);
  });
}

for (const [name, spoil] of [
  ["too little memory", (config: RuntimeConfig) => ({ config, spec: { ...vm, memoryMib: 1 } })],
  [
    "a kernel that is not there",
    (config: RuntimeConfig) => ({
      config: { ...config, hypervisor: { ...config.hypervisor, kernelPath: "/no" } },
      spec: vm,
    }),
  ],
  [
    "a file that cannot be looked at",
    ({ hypervisor, ...rest }: RuntimeConfig) => ({
      config: { ...rest, hypervisor: { ...hypervisor, kernelPath: `/${"n".repeat(300)}` } },
      spec: vm,
    }),
  ],
] as const) {
  test(`realmPlanner.qemu() throws what planVm() throws: ${name}`, (context) => {
    const { config, spec } = spoil(configFor(context));
    const there = thrown(() => realmPlanner.qemu(config, spec));
    const here = thrown(() => planVm(context.sys, config, spec));
    expect(facts(there)).toEqual(facts(here));
    expect(there.field?.startsWith("hypervisor.qemu.")).toBe(true);
  });
}

function thrown(action: () => unknown): KataError {
  try {
    action();
  } catch (error) {
    if (error instanceof KataError) return error;
  }
  throw new Error("no KataError was thrown");
}

function facts({ code, message, stage, field, hint, see, cause }: KataError) {
  return { code, message, stage, field, hint, see, cause: cause instanceof Error ? cause.message : undefined };
}
