import { expect, test } from "vitest";
import type { ByteStream } from "../../base/byte-stream.ts";
import { AnswerWriter } from "./answer-writer.ts";

function writer(): { answers: AnswerWriter; writes: string[] } {
  const writes: string[] = [];
  const stream = { write: (chunk: Uint8Array) => void writes.push(String.fromCharCode(...chunk.subarray(0, 64))) };
  return { answers: new AnswerWriter(stream as unknown as ByteStream), writes };
}

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

test("frames are written at once, piece by piece", () => {
  const { answers, writes } = writer();
  answers.write([bytes("a"), bytes("b")]);
  answers.write([bytes("c")]);
  expect(writes).toEqual(["a", "b", "c"]);
});

test("held frames are written together, in order", () => {
  const { answers, writes } = writer();
  answers.hold();
  answers.write([bytes("a")]);
  answers.write([bytes("b")]);
  expect(writes).toEqual([]);
  answers.release();
  answers.write([bytes("c")]);
  answers.release();
  expect(writes).toEqual(["ab", "c"]);
});

test("a frame of several pieces or of many bytes goes behind what is held", () => {
  const { answers, writes } = writer();
  answers.hold();
  answers.write([bytes("a")]);
  answers.write([bytes("b"), bytes("c")]);
  answers.write([bytes("d")]);
  answers.write([bytes("E".repeat(1025))]);
  answers.write([bytes("f")]);
  answers.release();
  expect(writes).toEqual(["a", "b", "c", "d", "E".repeat(64), "f"]);
});

test("no more than 32 frames are held", () => {
  const { answers, writes } = writer();
  answers.hold();
  for (let number = 0; number < 40; number++) answers.write([bytes(String(number % 10))]);
  expect(writes).toEqual(["01234567890123456789012345678901"]);
  answers.release();
  expect(writes[1]).toBe("23456789");
});
