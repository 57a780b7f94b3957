import { describe, expect, test } from "vitest";
import type { Shape } from "../schema/key.ts";
import { parseValue } from "./parse-value.ts";

const flag: Shape = { kind: "flag" };
const integer: Shape = { kind: "integer", min: 0n, max: 1000n };
const decimal: Shape = { kind: "decimal", min: 0, max: 240 };
const text: Shape = { kind: "text", maxLength: 100 };
const list: Shape = { kind: "list", of: text, maxItems: 10 };
const ids: Shape = { kind: "list", of: integer, maxItems: 10 };

/** What Number(), parseInt or a trimming reader would take for a number. */
const noNumbers = [
  "",
  " ",
  "1e9",
  "0x10",
  "0b1",
  "0o7",
  " 5",
  "5 ",
  "5\n",
  "\t5",
  "NaN",
  "Infinity",
  "-Infinity",
  "+5",
  "--5",
];
const strangeNumbers = [
  "05",
  "-0",
  "-",
  "1_000",
  "1,000",
  "5n",
  "\uff19",
  "\u0665",
  "5\0",
  "null",
  "true",
  "[5]",
  "$(id)",
  "__proto__",
];

describe("values of annotations", () => {
  test.each<[shape: Shape, name: string, written: string, value: unknown]>([
    ...["1", "t", "T", "TRUE", "true", "True"].map(
      (word) => [flag, "k", word, true] as [Shape, string, string, unknown],
    ),
    ...["0", "f", "F", "FALSE", "false", "False"].map(
      (word) => [flag, "k", word, false] as [Shape, string, string, unknown],
    ),
    [integer, "k", "0", 0n],
    [integer, "k", "512", 512n],
    [integer, "k", "-3", -3n],
    [integer, "k", "18446744073709551615", 18446744073709551615n],
    [decimal, "k", "0", 0],
    [decimal, "k", "2", 2],
    [decimal, "k", "0.5", 0.5],
    [decimal, "k", "1.25", 1.25],
    [decimal, "k", "-1", -1],
    [text, "k", " as it is ", " as it is "],
    [list, "k", '["a", "b c"]', ["a", "b c"]],
    [list, "k", "[]", []],
    [ids, "k", '["1","2"]', [1n, 2n]],
    [
      list,
      "kernel_modules",
      "e1000e InterruptThrottleRate=3000,3000,3000 EEE=1;i915",
      ["e1000e InterruptThrottleRate=3000,3000,3000 EEE=1", "i915"],
    ],
    [list, "kernel_modules", " a ; ; b;", ["a", "b"]],
    [list, "kernel_modules", '["a","b"]', ["a", "b"]],
    [list, "experimental", "one two", ["one", "two"]],
    [list, "experimental", "one,two", ["one", "two"]],
    [list, "experimental", "", []],
    [list, "numa_mapping", "0-1,4 2", ["0-1,4", "2"]],
    [list, "numa_mapping", '["0-1","2"]', ["0-1", "2"]],
  ])("%o %s: %j", (shape, name, written, value) => {
    expect(parseValue(shape, name, written)).toEqual(value);
  });

  test.each([
    "",
    " ",
    "yes",
    "no",
    "on",
    "off",
    "tRUE",
    " true",
    "true ",
    "true\n",
    "TRUE\0",
    "2",
    "\uff11",
    "constructor",
  ])("flag %j is none", (written) => {
    expect(parseValue(flag, "k", written)).toBeUndefined();
  });

  test.each([...noNumbers, ...strangeNumbers, "1.0", "999999999999999999999"])("integer %j is none", (written) => {
    expect(parseValue(integer, "k", written)).toBeUndefined();
  });

  test.each([...noNumbers, ...strangeNumbers, ".5", "5.", "1.2.3", "1,5", "00.5", "1.0e3"])(
    "decimal %j is none",
    (written) => {
      expect(parseValue(decimal, "k", written)).toBeUndefined();
    },
  );

  test.each([
    "",
    "a b",
    "a",
    "[",
    '["a"',
    '["a",]',
    "[1]",
    "[null]",
    '[["a"]]',
    '{"0":"a","length":1}',
    '"a"',
    "[".repeat(60_000),
    "['a']",
  ])("list %j is none", (written) => {
    expect(parseValue(list, "k", written)).toBeUndefined();
  });

  test("tables cannot be written", () => {
    expect(parseValue({ kind: "tables", keys: {}, maxItems: 1 }, "k", "[]")).toBeUndefined();
  });
});
