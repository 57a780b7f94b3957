import { expect, test } from "vitest";
import { cut } from "./cut.ts";

test.each([
  ["", 8, ""],
  ["12345678", 8, "12345678"],
  ["123456789", 8, "12345..."],
  ["1234😀789", 8, "1234..."],
  ["123😀6789", 8, "123😀..."],
])("cut(%j, %i)", (text, most, expected) => {
  expect(cut(text, most)).toBe(expected);
});

test("leaves 80 characters", () => {
  expect(cut("x".repeat(80))).toBe("x".repeat(80));
  expect(cut("x".repeat(1e6))).toBe(`${"x".repeat(77)}...`);
});
