import { describe, expect, test } from "vitest";
import { openGate } from "./gate.ts";

describe("the gate", () => {
  test.each<[expressions: string[], name: string, allowed: boolean]>([
    [[], "default_vcpus", false],
    [["default_vcpus"], "default_vcpus", true],
    [["default_vcpus"], "default_memory", false],
    // Unanchored, as upstream.
    [["vcpus"], "default_vcpus", true],
    [["default"], "default_memory", true],
    [["^default_vcpus$"], "default_vcpus", true],
    [["^vcpus"], "default_vcpus", false],
    [["default_(vcpus|memory)"], "default_memory", true],
    [["^(default_.*|enable_iommu)$"], "enable_iommu", true],
    [[".*"], "anything", true],
    [["[[:alpha:]]+"], "default_vcpus", false],
    [["DEFAULT_VCPUS"], "default_vcpus", false],
    [["kernel_params", "default_vcpus"], "default_vcpus", true],
    [["(", "default_vcpus"], "default_vcpus", true],
  ])("%j and %s: %s", (expressions, name, allowed) => {
    expect(openGate(expressions).allows(name)).toBe(allowed);
  });

  test.each<[expression: string, rule: RegExp]>([
    ["", /empty expression/],
    ["(", /valid regular/],
    ["*", /valid regular/],
    ["[a", /valid regular/],
    ["\\z", /valid regular/],
    ["[[:alpha:]]", /valid regular/],
    ["(?=x)", /look-around/],
    ["(?!default)", /look-around/],
    ["(?<=x)", /look-around/],
    ["(a)\\1", /back references/],
    ["(a+)+$", /repeat a group/],
    ["(a*)*", /repeat a group/],
    ["((a+)b)*", /repeat a group/],
    ["(?:a+){2,}", /repeat a group/],
    ["([a-z]+_)*x", /repeat a group/],
    ["x".repeat(257), /at most 256 characters/],
  ])("%j is told of and matches nothing", (expression, rule) => {
    const gate = openGate([expression]);
    expect(gate.problems).toEqual([{ expression, rule: expect.stringMatching(rule) }]);
    for (const name of ["default_vcpus", "path", "a", "x"]) expect(gate.allows(name)).toBe(false);
  });

  test.each([
    "(a|b)+",
    "(a+)?",
    "a+b*",
    "default_(vcpus|memory)?",
    "[+*(]+",
    "\\(+",
    "(?:ab)+",
    "(a)+(b)+",
    "a{2}b{3}",
  ])("%s is fine", (expression) => {
    expect(openGate([expression]).problems).toEqual([]);
  });

  test("too many expressions: the first count", () => {
    const gate = openGate([...Array.from({ length: 256 }, (_, index) => `name_${index}$`), "default_vcpus"]);
    expect(gate.allows("name_255")).toBe(true);
    expect(gate.allows("default_vcpus")).toBe(false);
    expect(gate.problems).toEqual([{ expression: "default_vcpus", rule: expect.stringMatching(/at most 256/) }]);
  });
});
