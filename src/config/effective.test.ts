import { describe, expect, test } from "vitest";
import type { HypervisorType } from "./hypervisor-type.ts";
import { allKeys } from "./schema/catalog.ts";
import { defaultOf } from "./schema/key.ts";
import { examined, linesOf, mainFile } from "./testing/examined.ts";

const config = "io.katacontainers.config.";
const main = `[hypervisor.qemu]
initrd = "/i"
default_vcpus = 2
  default_memory  =  512 # MiB
kernel_params = "quiet a=1"
enable_annotations = ["default_vcpus", "kernel_params", "enable_iommu"]
[runtime]
create_container_timeout = 30
`;
const dropIns = {
  "10.toml": "[hypervisor.qemu]\ndefault_memory = 1024\n[runtime]\ncreate_container_timeout = 40\n",
  "20.toml": "\n[runtime]\ncreate_container_timeout = 50\n",
};
const annotations = {
  [`${config}hypervisor.default_vcpus`]: "3",
  [`${config}hypervisor.kernel_params`]: "a=2 b",
};

function settingOf(path: string, hypervisor = "qemu") {
  const { list } = examined(main.replace("qemu", hypervisor), { dropIns, annotations }).settings;
  const found = list.find((setting) => setting.path === path);
  return { value: found?.value, origin: found?.origin };
}

describe("a value is that of", () => {
  test.each([
    ["the default", "hypervisor.qemu.memory_slots", 10, { kind: "default" }],
    [
      "the main file",
      "hypervisor.qemu.initrd",
      "/i",
      { kind: "file", file: mainFile, line: 2, column: 10, dropIn: false },
    ],
    [
      "a drop-in",
      "hypervisor.qemu.default_memory",
      1024,
      { kind: "file", file: "/etc/kata/config.d/10.toml", line: 2, column: 18, dropIn: true },
    ],
    [
      "the last drop-in",
      "runtime.create_container_timeout",
      50,
      { kind: "file", file: "/etc/kata/config.d/20.toml", line: 3, column: 28, dropIn: true },
    ],
    [
      "an annotation",
      "hypervisor.qemu.default_vcpus",
      3,
      { kind: "annotation", name: `${config}hypervisor.default_vcpus` },
    ],
    [
      "an annotation that goes with the file's",
      "hypervisor.qemu.kernel_params",
      "quiet a=2 b",
      { kind: "annotation", name: `${config}hypervisor.kernel_params` },
    ],
  ])("%s", (_what, path, value, origin) => {
    expect(settingOf(path)).toEqual({ value, origin });
  });
});

describe("defaults", () => {
  test.each<[HypervisorType, string]>([
    ["qemu", "/usr/bin/qemu-system-x86_64"],
    ["clh", "/usr/bin/cloud-hypervisor"],
    ["firecracker", "/usr/bin/firecracker"],
  ])("of %s are those of the catalogue, each key once and no other", (type, program) => {
    const { list } = examined(`[hypervisor.${type}]\n`).settings;
    const expected = [...allKeys()]
      .filter(([, key]) => key.hypervisors?.includes(type) ?? true)
      .map(([path, key]) => [
        path.map((part) => (part === "*" ? type : part)).join("."),
        defaultOf(key, type, "amd64"),
      ]);
    expect(list.map(({ path, value }) => [path, value])).toEqual(expected);
    expect(list.find(({ path }) => path === `hypervisor.${type}.path`)?.value).toBe(program);
  });

  test("depend on the architecture", () => {
    const machineType = (machine: string) =>
      examined("[hypervisor.qemu]\n", { machine }).settings.list.find(({ path }) => path.endsWith("machine_type"))
        ?.value;
    expect(["x86_64", "aarch64", "ppc64le", "s390x", "riscv64"].map(machineType)).toEqual([
      "q35",
      "virt",
      "pseries",
      "s390-ccw-virtio",
      "virt",
    ]);
    expect(() => machineType("mips")).toThrow(expect.objectContaining({ code: "unimplemented" }));
  });
});

describe("what kata-ts does not do", () => {
  const told = (lines: string) => linesOf(examined(`[hypervisor.qemu]\ninitrd = "/i"\n${lines}\n`).findings);

  test.each([
    [
      "a value that its owner relies on",
      "enable_hugepages = true",
      [
        "unsupported main.toml:3:20  hypervisor.qemu.enable_hugepages: is not possible: memory of VMs comes in ordinary pages; got true",
      ],
    ],
    ["the default of it", "enable_hugepages = false", []],
    [
      "a value without effect",
      "memory_slots = 4",
      [
        "note main.toml:3:16  hypervisor.qemu.memory_slots: has no effect: a VM keeps the memory that it started with; got 4",
      ],
    ],
    ["the default of it, written", "memory_slots = 10", []],
    ["a harmless one", "disable_selinux = true", []],
    [
      "one of some values",
      'block_device_driver = "virtio-scsi"',
      [
        'note main.toml:3:23  hypervisor.qemu.block_device_driver: has no effect: disks are attached as virtio-blk; got "virtio-scsi"',
      ],
    ],
    ["another value", 'block_device_driver = "virtio-blk"', []],
  ])("%s", (_what, line, lines) => {
    expect(told(line)).toEqual(lines);
  });

  test("is told of an annotation as of a file, and long values are cut", () => {
    const { findings } = examined(main, { annotations: { [`${config}hypervisor.enable_iommu`]: "true" } });
    expect(linesOf(findings)).toContain(
      `unsupported annotation ${config}hypervisor.enable_iommu  hypervisor.qemu.enable_iommu: is not possible: VMs have no IOMMU; got true`,
    );
    const [line] = told(`initdata = "${"x".repeat(999)}"`);
    expect(line?.endsWith(`got "${"x".repeat(76)}...`)).toBe(true);
  });
});

describe("a key that the hypervisor has no use for", () => {
  test("is noted", () => {
    const { findings, settings } = examined('[hypervisor.qemu]\ninitrd = "/i"\njailer_path = "/j"\n');
    expect(linesOf(findings)).toEqual(["note main.toml:3:15  hypervisor.qemu.jailer_path: has no effect with QEMU"]);
    expect(settings.list.some(({ path }) => path.endsWith(".jailer_path"))).toBe(false);
  });

  test("is checked nevertheless", () => {
    const { findings } = examined('[hypervisor.qemu]\ninitrd = "/i"\njailer_path = "j"\n');
    expect(linesOf(findings)).toEqual([
      'error main.toml:3:15  hypervisor.qemu.jailer_path: must be an absolute path, or empty; got "j"',
    ]);
  });

  test("is nobody's matter in the table of another one", () => {
    const { findings } = examined(
      '[hypervisor.qemu]\ninitrd = "/i"\n[hypervisor.clh]\nseccompsandbox = "on"\n[runtime]\nhypervisor_name = "qemu"\n',
    );
    expect(linesOf(findings)).toEqual(["note main.toml:3:13  hypervisor.clh: is not used: [hypervisor.qemu] is"]);
  });
});
