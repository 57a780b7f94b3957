import { expect, test } from "vitest";
import { shown } from "./shown.ts";

test.each([
  ["", '""'],
  ["a b", '"a b"'],
  ['say "so"', '"say \\"so\\""'],
  ["größe 日本", '"größe 日本"'],
  ["a\nb\tc\u0000", '"a\\nb\\tc\\u0000"'],
  ["\u001b[31m", '"\\u001b[31m"'],
  ["\u007f\u0085\u009b", '"\\u{7f}\\u{85}\\u{9b}"'],
  ["\u202eabc", '"\\u{202e}abc"'],
  ["\u2028\u2029", '"\\u{2028}\\u{2029}"'],
  ["\u{e0041}", '"\\u{e0041}"'],
  ["x".repeat(64), `"${"x".repeat(64)}"`],
  ["x".repeat(65), `"${"x".repeat(64)}..."`],
])("shown(%j)", (text, safe) => {
  expect(shown(text)).toBe(safe);
});

test("cuts where it is told to, also within a letter of two units", () => {
  expect(shown("abcdef", 3)).toBe('"abc..."');
  expect(shown("ab😀", 3)).toBe('"ab\\ud83d..."');
});
