import { expect, test } from "vitest";
import type { ByteStream } from "../../base/byte-stream.ts";
import { blob } from "../testing/echo-service.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { maxFramePayload } from "./frame.ts";

function writer(): { answers: AnswerWriter; writes: string[] } {
  const writes: string[] = [];
  const stream = { write: (chunk: Uint8Array) => void writes.push(String.fromCharCode(...chunk.subarray(0, 64))) };
  return { answers: new AnswerWriter(stream as unknown as ByteStream, () => {}), writes };
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

test("no more than 16 KiB are held", () => {
  const { answers, writes } = writer();
  answers.hold();
  for (let number = 0; number < 20; number++) answers.write([bytes(String(number % 10).repeat(1000))]);
  expect(writes).toEqual(["0".repeat(64)]);
  answers.release();
  expect(writes[1]).toBe("7".repeat(64));
});

test("answers are gathered with other frames, and one that cannot be encoded is not among them", () => {
  const { answers, writes } = writer();
  answers.hold();
  answers.respond(65, blob, bytes("x"));
  answers.write([bytes("y")]);
  expect(() => answers.respond(67, blob, new Uint8Array(maxFramePayload))).toThrow(/maximum message size/);
  answers.release();
  answers.respond(69, blob, bytes("z"));
  expect(writes).toEqual(["\0\0\0\x03\0\0\0A\x02\0\x12\x01xy", "\0\0\0\x03\0\0\0E\x02\0\x12\x01z"]);
});

test("the owner learns of every write", () => {
  let count = 0;
  const answers = new AnswerWriter({ write: () => {} } as unknown as ByteStream, () => count++);
  answers.hold();
  answers.write([bytes("a")]);
  answers.release();
  answers.release();
  answers.write([bytes("b"), bytes("c")]);
  expect(count).toBe(2);
});
