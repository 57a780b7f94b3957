import { expect, test } from "vitest";
import { LineIndex, positionAt } from "./position.ts";

test.each([
  ["", 0, 1, 1],
  ["ab", 0, 1, 1],
  ["ab", 2, 1, 3],
  ["a\nbc\n", 1, 1, 2],
  ["a\nbc\n", 2, 2, 1],
  ["a\nbc\n", 3, 2, 2],
  ["a\nbc\n", 5, 3, 1],
  ["a\r\nb", 3, 2, 1],
  ["😀é\n😀x", 3, 1, 3],
  ["😀é\n😀x", 6, 2, 2],
  ["\udc00\ud800x", 2, 1, 3],
  ["\ufeffab", 0, 1, 1],
  ["\ufeffab", 2, 1, 2],
])("positionAt() in %j of %i is %i:%i", (source, offset, line, column) => {
  expect(positionAt(source, offset)).toEqual({ line, column });
  expect(new LineIndex(source).positionAt(offset)).toEqual({ line, column });
});
