import { expect, test } from "../../../test/native/runner.ts";
import { allKeys } from "../schema/catalog.ts";
import { openGate } from "./gate.ts";
import { readAnnotations } from "./read.ts";

const prefix = "io.katacontainers.config.";

function read(annotations: Record<string, string>, enabled: readonly string[] = [".*"]) {
  const allowedPaths = () => ["/usr/bin/qemu-*"];
  return readAnnotations(annotations, { hypervisor: "qemu", enabled, allowedPaths, keys: allKeys() });
}

// The engine's regular expressions, numbers and JSON are not those of the unit tests.
test("annotations are judged by this engine as by others", () => {
  for (const value of ["1e9", "0x10", " 5", "5\n", "NaN", "\uff19", "+5", "05", "", "-o source=/", "a\0"]) {
    const { overrides, findings } = read({ [`${prefix}hypervisor.default_memory`]: value });
    expect(overrides.size).toBe(0);
    expect(findings.map(({ code }) => code)).toEqual(["annotation-value"]);
  }
  const { overrides, findings } = read({
    [`${prefix}hypervisor.default_memory`]: "1024",
    [`${prefix}hypervisor.default_vcpus`]: "1.5",
    [`${prefix}hypervisor.path`]: "/usr/bin/qemu-new",
    [`${prefix}hypervisor.kernel_params`]: "quiet agent.log=debug",
    [`${prefix}agent.kernel_modules`]: '["a x=1","b"]',
  });
  expect(findings).toEqual([]);
  expect([...overrides].map(([path, { value }]) => [path, value])).toEqual([
    ["agent.kata.kernel_modules", ["a x=1", "b"]],
    ["hypervisor.qemu.default_memory", 1024],
    ["hypervisor.qemu.default_vcpus", 1.5],
    ["hypervisor.qemu.kernel_params", "quiet agent.log=debug"],
    ["hypervisor.qemu.path", "/usr/bin/qemu-new"],
  ]);
});

test("broken expressions open nothing with this engine either", () => {
  const broken = [
    "",
    "(",
    "[a",
    "*",
    "\\z",
    "[[:alpha:]]",
    "(?i)x",
    "(?=x)",
    "(a)\\1",
    "(a+)+",
    "x{1000000000000}y{2,1}",
  ];
  const gate = openGate(broken);
  expect(gate.problems.map(({ expression }) => expression)).toEqual(broken);
  for (const name of ["default_vcpus", "x", "a", ""]) expect(gate.allows(name)).toBe(false);
  expect(openGate(["^default_(vcpus|memory)$"]).allows("default_memory")).toBe(true);
});

test("a pod cannot make the gate slow or exhaust its stack", () => {
  const started = Date.now();
  const deep = "[".repeat(60_000);
  expect(read({ [`${prefix}agent.kernel_modules`]: deep }).findings.map(({ code }) => code)).toEqual([
    "annotation-value",
  ]);
  const long = Object.fromEntries(
    ["kernel_params", "path", "default_memory", "cpu_features", "cc_init_data", "kernel_hash"].map((name) => [
      `${prefix}hypervisor.${name}`,
      "a ".repeat(5_000_000),
    ]),
  );
  expect(read(long).findings.length).toBe(6);
  const unknown = Object.fromEntries(
    Array.from({ length: 256 }, (_, index) => [`${prefix}hypervisor.default_vcpu${index}`, "1"]),
  );
  expect(read(unknown).findings.length).toBe(256);
  expect(Date.now() - started < 10_000).toBe(true);
});
