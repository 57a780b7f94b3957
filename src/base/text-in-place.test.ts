import { expect, test } from "vitest";
import { texts } from "./text-in-place.ts";

test("encode() writes UTF-8 at a place and tells its length", () => {
  const bytes = new Uint8Array(8).fill(9);
  expect(texts.encode("aé€", bytes, 1)).toBe(6);
  expect([...bytes]).toEqual([9, 0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 9]);
});

test("encode() writes nothing when the text does not fit", () => {
  const bytes = new Uint8Array(4);
  expect(texts.encode("abc", bytes, 2)).toBe(-1);
  expect(texts.encode("a", bytes, 4)).toBe(-1);
  expect([...bytes]).toEqual([0, 0, 0, 0]);
  expect(texts.encode("", bytes, 4)).toBe(0);
  for (const outside of [5, -1]) expect(texts.encode("", bytes, outside)).toBe(-1);
});

test("encode() replaces lone surrogates", () => {
  const bytes = new Uint8Array(6);
  expect(texts.encode("\udfffé".slice(0, 1).padEnd(2, "\ud800"), bytes, 0)).toBe(6);
  expect([...bytes]).toEqual([0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbd]);
});

test("decode() reads between two places, and nothing that is not UTF-8", () => {
  const bytes = Uint8Array.of(0xff, 0xef, 0xbb, 0xbf, 0x61, 0xc3, 0xa9, 0xc3);
  expect(texts.decode(bytes, 1, 7)).toBe("\ufeffaé");
  expect(texts.decode(bytes, 4, 4)).toBe("");
  expect(texts.decode(bytes, 4, 6)).toBe(undefined);
  expect(texts.decode(bytes, 0, 1)).toBe(undefined);
});
