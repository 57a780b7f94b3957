import { describe, expect, test } from "vitest";
import { encodeFrame, frameTypes } from "../../wire/ttrpc/frame.ts";
import { SessionSplitter } from "./session-splitter.ts";

const request = (streamId: number, bytes = 20) => encodeFrame(streamId, frameTypes.request, 0, new Uint8Array(bytes));

describe("SessionSplitter", () => {
  test("takes the first request of a second client for a new session", () => {
    const splitter = new SessionSplitter();
    expect(splitter.observe(request(1))).toBe(false);
    expect(splitter.observe(request(3))).toBe(false);
    expect(splitter.observe(request(1))).toBe(true);
    expect(splitter.observe(request(3))).toBe(false);
  });

  test("never looks inside a frame", () => {
    const splitter = new SessionSplitter();
    const outer = encodeFrame(5, frameTypes.request, 0, new Uint8Array([...new Uint8Array(4), ...request(1)]));
    expect(splitter.observe(outer.subarray(0, 14))).toBe(false);
    expect(splitter.observe(outer.subarray(14))).toBe(false);
    expect(splitter.observe(request(7))).toBe(false);
  });

  test("follows frames that arrive in pieces of any size", () => {
    const splitter = new SessionSplitter();
    const stream = [...request(1, 3), ...request(3, 0), ...request(5, 300)];
    for (const byte of stream) expect(splitter.observe(Uint8Array.of(byte))).toBe(false);
    expect(splitter.observe(request(1))).toBe(true);
  });

  test("forgets at the end of a session", () => {
    const splitter = new SessionSplitter();
    splitter.observe(request(1).subarray(0, 12));
    splitter.reset();
    expect(splitter.observe(request(1))).toBe(false);
    expect(splitter.observe(request(1))).toBe(true);
  });
});
