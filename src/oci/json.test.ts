import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactInteger, parseJson } from "./json.ts";

/** The parsed value with exact integers as ordinary numbers. */
function withNumbers(value: unknown): unknown {
  if (typeof value === "string") return exactInteger(value) === undefined ? value : Number(exactInteger(value));
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withNumbers(member)]));
}

describe("parseJson()", () => {
  test("keeps 64-bit integers exact", () => {
    const parsed = parseJson('{"a": 18446744073709551615, "b": -9223372036854775808, "c": 7}', "x");
    const { a, b, c } = parsed as Record<string, unknown>;
    expect([a, b, c].map(exactInteger)).toEqual([18446744073709551615n, -9223372036854775808n, 7n]);
  });

  test("leaves digits inside strings alone", () => {
    const value = { 'k"1234567890123456789': ':12345678901234567890,\\"1234567890123456789' };
    expect(parseJson(JSON.stringify(value), "x")).toEqual(value);
  });

  test("does what JSON.parse does for every other value", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(withNumbers(parseJson(json, "x"))).toEqual(JSON.parse(json));
      }),
      { numRuns: 500 },
    );
  });

  test("a forged mark is no number", () => {
    for (const text of ["\0number:", "\0number:x", "\0number:1e9", "\0number:123456789012345678901"]) {
      expect(exactInteger(text)).toBeUndefined();
    }
  });

  test.each(["", "{", '{"a":}', "[1,]", "{]", "nul"])("refuses %j", (text) => {
    expect(() => parseJson(text, "config.json")).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: "config.json is not valid JSON" }),
    );
  });
});
