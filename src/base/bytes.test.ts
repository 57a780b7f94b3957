import { expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "./bytes.ts";

test("utf8Encode and utf8Decode replace what is malformed", () => {
  expect([...utf8Encode("é\ud800")]).toEqual([0xc3, 0xa9, 0xef, 0xbf, 0xbd]);
  expect(utf8Decode(new Uint8Array([0x61, 0xff]))).toBe("a\ufffd");
});

test("concatBytes joins chunks into a new array", () => {
  const first = new Uint8Array([1, 2]);
  const joined = concatBytes([first, new Uint8Array(0), new Uint8Array([3])]);
  expect([...joined]).toEqual([1, 2, 3]);
  first[0] = 9;
  expect(joined[0]).toBe(1);
  expect(concatBytes([])).toHaveLength(0);
});
