import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { FrameReader, frameHeader, type LogEntry, lastLines } from "./log-frames.ts";

const entry = (text: string, stream: LogEntry["stream"] = "stdout"): LogEntry => ({
  stream,
  wallMs: 5,
  data: utf8Encode(text),
});
const encode = (entries: readonly LogEntry[]) =>
  concatBytes(entries.flatMap(({ stream, wallMs, data }) => [frameHeader(stream, data.length, wallMs), data]));
const text = (entries: readonly LogEntry[]) => entries.map(({ data }) => utf8Decode(data)).join("");

test("FrameReader reads what was written, however it is cut", () => {
  const anyEntry = fc.record({
    stream: fc.constantFrom<LogEntry["stream"]>("stdout", "stderr"),
    wallMs: fc.double({ min: 0, max: 1e15, noNaN: true }),
    data: fc.uint8Array({ maxLength: 50 }),
  });
  fc.assert(
    fc.property(fc.array(anyEntry), fc.array(fc.nat(40)), (entries, cuts) => {
      const bytes = encode(entries);
      const reader = new FrameReader();
      const read: LogEntry[] = [];
      let offset = 0;
      for (const cut of [...cuts, bytes.length]) {
        read.push(...reader.push(bytes.slice(offset, offset + cut)).map((one) => ({ ...one, data: one.data.slice() })));
        offset += cut;
      }
      expect(read).toEqual(entries);
    }),
  );
});

test("FrameReader stops at damage and keeps what came before", () => {
  const bytes = concatBytes([encode([entry("a\n")]), utf8Encode("garbage garbage garbage"), encode([entry("b\n")])]);
  expect(text(new FrameReader().push(bytes))).toBe("a\n");
  fc.assert(
    fc.property(fc.uint8Array(), (any) => {
      new FrameReader().push(any);
    }),
  );
});

describe("lastLines", () => {
  const entries = [entry("one\ntwo\n"), entry("thr", "stderr"), entry("ee\nfour\nfive")];
  test.each([
    [0, ""],
    [1, "five"],
    [2, "four\nfive"],
    [3, "three\nfour\nfive"],
    [4, "two\nthree\nfour\nfive"],
    [5, "one\ntwo\nthree\nfour\nfive"],
    [99, "one\ntwo\nthree\nfour\nfive"],
  ])("%i", (count, expected) => {
    expect(text(lastLines(entries, count))).toBe(expected);
  });
  test("a line end at the end does not count as a line", () => {
    expect(text(lastLines([entry("a\n"), entry("b\n")], 1))).toBe("b\n");
    expect(text(lastLines([entry("a\nb\n"), entry("\n")], 1))).toBe("\n");
    expect(text(lastLines([entry("\n\n")], 1))).toBe("\n");
    expect(text(lastLines([], 1))).toBe("");
  });
});
