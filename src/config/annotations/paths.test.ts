import { describe, expect, test } from "vitest";
import { brokenPathRule } from "./paths.ts";

const allowed = ["/usr/bin/qemu-*", "/opt/kata/*/qemu", "[", "/usr/libexec/virtiofsd"];

describe("paths of pods", () => {
  test.each(["/usr/bin/qemu-system-x86_64", "/opt/kata/bin/qemu", "/usr/libexec/virtiofsd"])(
    "%s is allowed",
    (path) => {
      expect(brokenPathRule(path, allowed, "LIST")).toBeUndefined();
    },
  );

  test.each<[path: string, rule: RegExp]>([
    ["", /absolute/],
    ["usr/bin/qemu-x", /absolute/],
    ["./qemu", /absolute/],
    ["~/qemu", /absolute/],
    ["-o source=/", /absolute/],
    ["/", /empty parts/],
    ["/bin/sh", /no pattern of LIST/],
    ["/usr/bin/qemu-x/../sh", /without \. and \.\./],
    ["/opt/kata/../qemu", /without \. and \.\./],
    ["/opt/kata/./qemu", /without \. and \.\./],
    ["/usr/bin//qemu-x", /empty parts/],
    ["/usr/bin/qemu-x/", /empty parts/],
    ["/usr/bin/qemu-x\n", /control/],
    ["/usr/bin/qemu-\0", /control/],
    ["/usr/bin/qemu-x/y", /no pattern/],
    [`/usr/bin/qemu-${"x".repeat(5000)}`, /4096/],
  ])("%j is not", (path, rule) => {
    expect(brokenPathRule(path, allowed, "LIST")).toMatch(rule);
  });

  test("nothing is allowed without patterns", () => {
    expect(brokenPathRule("/usr/bin/qemu-x", [], "LIST")).toMatch(/no pattern/);
  });
});
