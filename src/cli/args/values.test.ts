import { describe, expect, test } from "vitest";
import { editDistance, nearest } from "./suggest.ts";
import { UsageError } from "./usage-error.ts";
import {
  parseAnnotation,
  parseBytes,
  parseCpus,
  parseHostname,
  parseInteger,
  parseKeyValue,
  parseName,
  parseSignal,
} from "./values.ts";

test.each([
  ["64m", 64 << 20],
  ["1g", 2 ** 30],
  ["1.5g", 1.5 * 2 ** 30],
  ["512MiB", 512 << 20],
  ["512MB", 512_000_000],
  ["1048576", 1048576],
  ["10b", 10],
  ["0", 0],
])("parseBytes(%s) is %i", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});
test.each(["", "m", "-1", "1e9", "0x10", "1 m m", "99999999999999999999", "999999999t", "NaN", "９"])(
  "parseBytes refuses %o",
  (text) => {
    expect(() => parseBytes(text)).toThrow(UsageError);
  },
);

test("parseCpus takes fractions and refuses nonsense", () => {
  expect(parseCpus("0.5")).toBe(0.5);
  expect(parseCpus("4")).toBe(4);
  for (const bad of ["0", "-1", "1e3", "0.001", "", "x"]) expect(() => parseCpus(bad)).toThrow(UsageError);
});

test("parseInteger keeps to its bounds", () => {
  const parse = parseInteger(-1, 5);
  expect(parse("-1")).toBe(-1);
  for (const bad of ["-2", "6", "1.0", "", " 1", "1e0"]) expect(() => parse(bad)).toThrow(UsageError);
});

test.each([
  ["9", 9],
  ["KILL", 9],
  ["SIGKILL", 9],
  ["term", 15],
  ["34", 34],
])("parseSignal(%s) is %i", (text, signal) => {
  expect(parseSignal(text)).toBe(signal);
});
test.each(["0", "65", "-1", "NOPE", "", "toString", "SIGSIGKILL"])("parseSignal refuses %o", (text) => {
  expect(() => parseSignal(text)).toThrow(UsageError);
});

test("parseAnnotation wants a value, though it may be empty", () => {
  expect(parseAnnotation("a=b=c")).toEqual({ key: "a", value: "b=c" });
  expect(parseAnnotation("a=")).toEqual({ key: "a", value: "" });
  for (const text of ["", "a", "=b"]) expect(() => parseAnnotation(text)).toThrow(UsageError);
});

test("parseKeyValue splits at the first =", () => {
  expect(parseKeyValue("a=b=c")).toEqual({ key: "a", value: "b=c" });
  expect(parseKeyValue("a")).toEqual({ key: "a", value: "" });
  expect(() => parseKeyValue("=b")).toThrow(UsageError);
});

describe("names", () => {
  test.each(["web", "a", "A_b.c-1", "0".repeat(64)])("parseName takes %s", (name) => {
    expect(parseName(name)).toBe(name);
  });
  test.each(["", "../x", "a/b", "a\0b", "a\nb", "-a", ".a", "ä", "0".repeat(65), "0".repeat(4096)])(
    "parseName refuses %o",
    (name) => {
      expect(() => parseName(name)).toThrow(UsageError);
    },
  );
  test("parseHostname takes 64 characters and no more", () => {
    expect(parseHostname("a".repeat(64))).toHaveLength(64);
    for (const bad of ["a".repeat(65), "", "a\0b", "-a", "a-", "a_b", "a b"]) {
      expect(() => parseHostname(bad)).toThrow(UsageError);
    }
  });
});

describe("nearest", () => {
  test.each([
    ["rnu", "run"],
    ["pss", "ps"],
    ["inspct", "inspect"],
    ["insp", "inspect"],
    ["imagse", "images"],
    ["frobnicate", undefined],
    ["", undefined],
  ])("%s -> %s", (typed, expected) => {
    expect(nearest(typed, ["run", "ps", "inspect", "images"])).toBe(expected);
  });

  test("editDistance counts a swap as one", () => {
    expect(editDistance("ab", "ba")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
    expect(editDistance("kitten", "sitting")).toBe(3);
  });
});
