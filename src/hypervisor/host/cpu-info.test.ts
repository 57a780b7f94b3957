import { describe, expect, test } from "vitest";
import { cpuFlags, parseCpuInfo, runningOnVmm } from "./cpu-info.ts";

const intel = (n: number) =>
  `processor\t: ${n}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R) 8481C: v4\ncpu MHz\t\t: 2700.0\nflags\t\t: fpu vmx lm sse4_1\nvmx flags\t: vnmi preemption_timer\nbugs\t\t:\n\n`;
const arm = (n: number) =>
  `processor\t: ${n}\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd crc32\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n\n`;
const power = "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 3800MHz\n\nmachine\t\t: PowerNV\n";
const z =
  "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch sie \nfacilities      : 0 1 2 158\n" +
  "processor 0: version = FF,  identification = 1,  machine = 8561\nprocessor 1: version = FF,  identification = 2,  machine = 8561\n\ncpu number      : 0\n";
const riscv = "processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\nuarch\t\t: sifive,u74-mc\nmvendorid\t: 0x489\n";

describe("parseCpuInfo()", () => {
  test.each([
    ["x86", intel(0) + intel(1), 2, "GenuineIntel", "Intel(R) Xeon(R) 8481C: v4", ["fpu", "vmx", "lm", "sse4_1"], []],
    ["Arm", arm(0) + arm(1) + arm(2), 3, "0x41", "0xd0c", ["fp", "asimd", "crc32"], []],
    ["Power", power, 1, "", "PowerNV", [], []],
    ["s390x", z, 2, "IBM/S390", "8561", ["esan3", "zarch", "sie"], ["0", "1", "2", "158"]],
    ["RISC-V", riscv, 1, "0x489", "sifive,u74-mc", [], []],
    ["nothing", "", 0, "", "", [], []],
    ["something else", "flags\nvendor_id\n:::\nprocessors: 9\n\0\0", 0, "", "", [], []],
    ["keys in values", "x: flags : vmx\nmodel name: processor : 7\n", 0, "", "processor : 7", [], []],
    ["Windows lines", "processor : 0\r\nflags : vmx lm\r\n", 1, "", "", ["vmx", "lm"], []],
  ])("reads %s", (_, text, cpus, vendor, model, flags, facilities) => {
    const info = parseCpuInfo(text);
    expect(info).toEqual({ cpus, vendor, model, flags: new Set(flags), facilities: new Set(facilities) });
  });

  test("takes names that every object has as flags like others", () => {
    const { flags } = parseCpuInfo("flags : __proto__ constructor\n");
    expect([...flags]).toEqual(["__proto__", "constructor"]);
    expect(parseCpuInfo("flags : fpu\n").flags.has("constructor")).toBe(false);
  });

  test("counts the processors of a large machine and refuses what no machine lists", () => {
    expect(parseCpuInfo(intel(0).repeat(4096)).cpus).toBe(4096);
    expect(() => parseCpuInfo("x".repeat((32 << 20) + 1))).toThrow("A list of processors of 33554433 characters");
  });
});

test("cpuFlags() are those of the first processor", () => {
  expect([...cpuFlags("flags : a b\n\nflags : c\n")]).toEqual(["a", "b"]);
  expect(cpuFlags("")).toEqual(new Set());
});

describe("runningOnVmm()", () => {
  test.each([
    ["flags\t: fpu hypervisor lm\n", "amd64", true],
    ["flags\t: fpu lm\n", "amd64", false],
    ["flags\t: fpu hypervisors nohypervisor\n", "amd64", false],
    ["model name: hypervisor\nflags: fpu\n", "amd64", false],
    ["", "amd64", undefined],
    ["flags\t:\n", "amd64", undefined],
    ["flags\t: hypervisor\n", "arm64", undefined],
    ["flags\t: hypervisor\n", "ppc64le", undefined],
    ["features\t: hypervisor\n", "s390x", undefined],
    ["flags\t: hypervisor\n", undefined, undefined],
  ] as const)("from %j on %s is %s", (text, architecture, expected) => {
    expect(runningOnVmm(text, architecture)).toBe(expected);
  });
});
