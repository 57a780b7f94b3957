import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { LineDecoder } from "./line-decoder.ts";
import { cutAt, fuzz } from "./testing/fuzz.ts";

function lines(chunks: readonly Uint8Array[], limit = 1000): string[] {
  const got: string[] = [];
  const decoder = new LineDecoder(limit, (line) => got.push(utf8Decode(line)));
  for (const chunk of chunks) decoder.push(chunk);
  return got;
}

test("LineDecoder gives the same lines however the bytes are cut", () => {
  const list = fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")));
  fc.assert(
    fc.property(list, fc.array(fc.nat()), (texts, places) => {
      const bytes = utf8Encode(texts.map((text) => `${text}\n`).join(""));
      expect(lines(cutAt(bytes, places))).toEqual(texts);
    }),
  );
});

test("LineDecoder keeps what follows the last newline until the line is complete", () => {
  const decoder = new LineDecoder(10, () => undefined);
  decoder.push(utf8Encode("a\nb"));
  expect(decoder.midLine).toBe(true);
  decoder.push(utf8Encode("\n"));
  expect(decoder.midLine).toBe(false);
});

test("LineDecoder takes a line of exactly the limit and refuses one byte more", () => {
  expect(lines([utf8Encode("12345\n")], 5)).toEqual(["12345"]);
  expect(lines([utf8Encode("123"), utf8Encode("45\n\n")], 5)).toEqual(["12345", ""]);
  expect(() => lines([utf8Encode("123456\n")], 5)).toThrow("A line exceeds 5 bytes");
  expect(() => lines([utf8Encode("123"), utf8Encode("456")], 5)).toThrow("A line exceeds 5 bytes");
});

test("LineDecoder does not slow down on a long line that comes byte by byte", () => {
  const decoder = new LineDecoder(1 << 20, () => undefined);
  const byte = Uint8Array.of(65);
  const started = performance.now();
  for (let i = 0; i < 200_000; i++) decoder.push(byte);
  decoder.push(Uint8Array.of(10));
  expect(performance.now() - started).toBeLessThan(2000);
});

test("LineDecoder survives mutated input", () => {
  fuzz({ corpus: [utf8Encode("one\ntwo\n"), utf8Encode("é\n")], tokens: [Uint8Array.of(10)], runs: 2000 }, (chunks) => {
    expect(lines(chunks)).toEqual(lines([concatBytes(chunks)]));
  });
});
