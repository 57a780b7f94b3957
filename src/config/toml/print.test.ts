import { describe, expect, test } from "vitest";
import { KataError } from "../../base/error.ts";
import { parseToml } from "./parse.ts";
import { type Printable, printTomlKey, printTomlTable, printTomlValue } from "./print.ts";
import { TomlDate, TomlFloat } from "./value.ts";

describe("printTomlValue() prints", () => {
  test.each<[Printable, string]>([
    ["", '""'],
    ["a 'b' # c", `"a 'b' # c"`],
    ['"\\\b\t\n\f\r\0\x1b\x7f', '"\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001B\\u007F"'],
    ["ä😀\u2028", '"ä😀\u2028"'],
    ["\ud800a\udc00", '"\ufffda\ufffd"'],
    [0, "0"],
    [-17, "-17"],
    [0.5, "0.5"],
    [-0, "-0.0"],
    [1e21, "1e+21"],
    [2 ** 53, "9007199254740992.0"],
    [Number.NaN, "nan"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [9223372036854775807n, "9223372036854775807"],
    [-9223372036854775808n, "-9223372036854775808"],
    [new TomlFloat(1), "1.0"],
    [new TomlFloat(-0), "-0.0"],
    [new TomlFloat(1e-7), "1e-7"],
    [new TomlFloat(Number.NaN), "nan"],
    [new TomlDate("1979-05-27"), "1979-05-27"],
    [true, "true"],
    [[], "[]"],
    [[1, "a", [false]], '[1, "a", [false]]'],
    [{}, "{}"],
    [{ a: 1, "b c": { d: [] }, e: undefined }, '{ a = 1, "b c" = { d = [] } }'],
    [new Map<string, Printable>([["__proto__", 1]]), "{ __proto__ = 1 }"],
    [parseToml("a.b = 1.0\nc = 2").table, "{ a = { b = 1.0 }, c = 2 }"],
  ])("%o as %s", (value, text) => {
    expect(printTomlValue(value)).toBe(text);
  });

  test.each([2n ** 63n, -(2n ** 63n) - 1n])("no integer beyond 64 bits: %s", (value) => {
    expect(() => printTomlValue(value)).toThrow(KataError);
  });
});

test.each([
  ["a-B_9", "a-B_9"],
  ["", '""'],
  ["a b", '"a b"'],
  ["a.b", '"a.b"'],
  ["é", '"é"'],
  ['"\n', '"\\"\\n"'],
])("printTomlKey() prints %j as %s", (name, text) => {
  expect(printTomlKey(name)).toBe(text);
});

test("printTomlTable() puts values before tables", () => {
  const text = printTomlTable({
    hypervisor: { qemu: { path: "/usr/bin/qemu", factory: { enable: true } }, "a b": {} },
    title: "x",
    rows: [{ a: 1, inner: { b: 2 } }, {}],
    mixed: [{ a: 1 }, 2],
    none: [],
  });
  expect(text).toBe(`title = "x"
mixed = [{ a = 1 }, 2]
none = []

[hypervisor.qemu]
path = "/usr/bin/qemu"

[hypervisor.qemu.factory]
enable = true

[hypervisor."a b"]

[[rows]]
a = 1

[rows.inner]
b = 2

[[rows]]
`);
  expect(printTomlTable({})).toBe("");
});
