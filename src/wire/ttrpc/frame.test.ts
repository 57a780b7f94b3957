import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../base/bytes.ts";
import { cutAt, fuzz } from "../testing/fuzz.ts";
import { encodeFrame, FrameDecoder, maxFramePayload, writeFrameHeader } from "./frame.ts";

type Event =
  | { streamId: number; type: number; flags: number; payload: number[] }
  | { oversized: number; length: number };

function decode(chunks: readonly Uint8Array[]): { events: Event[]; midFrame: boolean } {
  const events: Event[] = [];
  const decoder = new FrameDecoder({
    frame: (streamId, type, flags, payload) => events.push({ streamId, type, flags, payload: [...payload.rest()] }),
    oversized: (streamId, _type, length) => events.push({ oversized: streamId, length }),
  });
  for (const chunk of chunks) {
    const borrowed = chunk.slice();
    decoder.push(borrowed);
    borrowed.fill(0xee);
  }
  return { events, midFrame: decoder.midFrame };
}

const frames = fc.array(
  fc.record({
    streamId: fc.nat(0xffffffff),
    type: fc.nat(255),
    flags: fc.nat(255),
    payload: fc.array(fc.nat(255), { maxLength: 40 }),
  }),
  { maxLength: 8 },
);

describe("FrameDecoder", () => {
  test("gives back what encodeFrame made, however the bytes are cut", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat()), (list, places) => {
        const bytes = concatBytes(
          list.map((f) => encodeFrame(f.streamId, f.type, f.flags, Uint8Array.from(f.payload))),
        );
        expect(decode(cutAt(bytes, places))).toEqual({ events: list, midFrame: false });
      }),
    );
  });

  test("reads header fields as big-endian numbers", () => {
    const bytes = Uint8Array.of(0, 0, 0, 2, 0xff, 0, 0, 1, 3, 5, 7, 8);
    expect(decode([bytes]).events).toEqual([{ streamId: 0xff000001, type: 3, flags: 5, payload: [7, 8] }]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("waits when the header is cut after %d bytes", (length) => {
    const bytes = encodeFrame(1, 1, 0, Uint8Array.of(9));
    expect(decode([bytes.subarray(0, length)])).toEqual({ events: [], midFrame: true });
    expect(decode([bytes.subarray(0, length), bytes.subarray(length)]).events).toHaveLength(1);
  });

  test("takes a payload of exactly 4 MiB and an empty one", () => {
    const bytes = concatBytes([
      encodeFrame(1, 1, 0, new Uint8Array(maxFramePayload)),
      encodeFrame(3, 2, 0, new Uint8Array()),
    ]);
    const lengths: number[] = [];
    const decoder = new FrameDecoder({
      frame: (_id, _type, _flags, payload) => lengths.push(payload.rest().length),
      oversized: () => expect.unreachable(),
    });
    for (let at = 0; at < bytes.length; at += 65536) decoder.push(bytes.subarray(at, at + 65536));
    expect(lengths).toEqual([maxFramePayload, 0]);
  });

  test("skips an oversized frame and goes on with the next one", () => {
    const head = new Uint8Array(10);
    writeFrameHeader(head, 0, maxFramePayload + 1, 5, 1, 0);
    const next = encodeFrame(7, 1, 0, Uint8Array.of(1));
    const body = new Uint8Array(maxFramePayload + 1);
    expect(decode([head, body, next]).events).toEqual([
      { oversized: 5, length: maxFramePayload + 1 },
      { streamId: 7, type: 1, flags: 0, payload: [1] },
    ]);
  });

  test("stores nothing of a frame that announces 4 GiB", () => {
    const head = new Uint8Array(10);
    writeFrameHeader(head, 0, 0xffffffff, 5, 1, 0);
    const junk = new Uint8Array(1 << 20);
    let reports = 0;
    const decoder = new FrameDecoder({ frame: () => expect.unreachable(), oversized: () => reports++ });
    decoder.push(head);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 64; i++) decoder.push(junk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    expect([reports, decoder.midFrame]).toEqual([1, true]);
  });

  test("refuses to encode a frame above the limit", () => {
    expect(() => encodeFrame(1, 1, 0, new Uint8Array(maxFramePayload + 1))).toThrow(RangeError);
  });

  test("survives mutated streams, and the cut never changes the result", () => {
    const corpus = [encodeFrame(1, 1, 0, Uint8Array.of(1, 2, 3)), encodeFrame(0xffffffff, 3, 5, new Uint8Array(100))];
    const tokens = [Uint8Array.of(0, 0x40, 0, 0), Uint8Array.of(0, 0x40, 0, 1), Uint8Array.of(0xff, 0xff, 0xff, 0xff)];
    fuzz({ corpus, tokens, runs: 3000 }, (chunks) => {
      expect(decode(chunks)).toEqual(decode([concatBytes(chunks)]));
    });
  });
});
