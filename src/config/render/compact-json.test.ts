import { expect, test } from "vitest";
import { compactJson } from "./compact-json.ts";

test.each([
  [{}, "{}"],
  [[], "[]"],
  [null, "null"],
  [{ a: 1, b: [true, "x"] }, '{ "a": 1, "b": [true, "x"] }'],
  [
    { long: "x".repeat(60), longer: "y".repeat(60), list: ["z".repeat(119)] },
    `{\n "long": "${"x".repeat(60)}",\n "longer": "${"y".repeat(60)}",\n "list": [\n  "${"z".repeat(119)}"\n ]\n}`,
  ],
])("compactJson() %#", (value, text) => {
  expect(compactJson(value)).toBe(text);
  expect(JSON.parse(text)).toEqual(value);
});
