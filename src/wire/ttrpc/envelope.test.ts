import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { Request, Response } from "../gen/ttrpc/request.ts";
import { ProtobufReader } from "../protobuf/reader.ts";
import { ProtobufWriter } from "../protobuf/writer.ts";
import { blob } from "../testing/echo-service.ts";
import { fuzz } from "../testing/fuzz.ts";
import {
  decodeResponse,
  encodeData,
  encodeErrorResponse,
  encodeMetadata,
  encodeRequest,
  encodeResponse,
  encodeTarget,
  maxMetadataEntries,
  RequestEnvelope,
  writeResponse,
} from "./envelope.ts";
import { FrameDecoder, maxFramePayload } from "./frame.ts";
import { encodeStatus } from "./status.ts";

function payloadOf(chunks: readonly Uint8Array[]): Uint8Array {
  const payloads: Uint8Array[] = [];
  const decoder = new FrameDecoder({
    frame: (_id, _type, _flags, payload) => payloads.push(payload.rest()),
    oversized: () => expect.unreachable(),
  });
  for (const chunk of chunks) decoder.push(chunk);
  expect(decoder.midFrame).toBe(false);
  expect(payloads).toHaveLength(1);
  return payloads[0] ?? new Uint8Array();
}

function decodeRequest(bytes: Uint8Array): RequestEnvelope & { payload: Uint8Array } {
  const reader = new ProtobufReader(bytes);
  const request = new RequestEnvelope();
  request.decode(reader);
  return Object.assign(request, { payload: reader.rest() });
}

const bytes = fc.uint8Array({ maxLength: 64 });

describe("a request", () => {
  test("means the same to the generated codec", () => {
    const pairs = fc.array(fc.tuple(fc.string(), fc.array(fc.string(), { minLength: 1, maxLength: 3 })), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.array(bytes),
        fc.nat(2 ** 52),
        pairs,
        (service, method, payload, timeoutNano, metadata) => {
          const frame = encodeRequest({
            streamId: 1,
            flags: 0,
            target: encodeTarget(service, method),
            metadata: encodeMetadata(metadata),
            timeoutNano,
            payload,
          });
          expect(Request.decode(payloadOf(frame))).toEqual({
            service,
            method,
            payload: concatBytes(payload),
            timeoutNano: BigInt(timeoutNano),
            metadata: metadata.flatMap(([key, values]) => values.map((value) => ({ key, value }))),
          });
        },
      ),
    );
  });

  test("of the generated codec is understood", () => {
    const encoded = Request.encode(
      Request.create({
        service: "s",
        method: "m",
        payload: Uint8Array.of(1),
        timeoutNano: -5n,
        metadata: [
          { key: "a", value: "1" },
          { key: "a", value: "2" },
          { key: "__proto__", value: "3" },
        ],
      }),
    ).finish();
    const request = decodeRequest(encoded);
    expect(request).toMatchObject({ service: "s", method: "m", timeoutNano: -5n, payload: Uint8Array.of(1) });
    expect([...request.metadata]).toEqual([
      ["a", ["1", "2"]],
      ["__proto__", ["3"]],
    ]);
  });

  test("hands big payloads on without copying them", () => {
    const big = new Uint8Array(200_000);
    const frame = encodeRequest({ streamId: 1, flags: 0, target: encodeTarget("s", "m"), payload: [big] });
    expect(frame).toHaveLength(2);
    expect(frame[1]).toBe(big);
    expect(Request.decode(payloadOf(frame)).payload).toHaveLength(200_000);
  });

  test("above the frame limit is refused", () => {
    const payload = [new Uint8Array(maxFramePayload)];
    expect(() => encodeRequest({ streamId: 1, flags: 0, target: encodeTarget("s", "m"), payload })).toThrow(
      /^message length \d+ exceed maximum message size of 4194304$/,
    );
  });

  test("with too much metadata is refused", () => {
    const many = encodeMetadata(Array.from({ length: maxMetadataEntries + 1 }, () => ["k", "v"] as const));
    const long = encodeMetadata([["k", "v".repeat(1 << 20)]]);
    for (const metadata of [many, long]) {
      const frame = encodeRequest({ streamId: 1, flags: 0, target: encodeTarget("s", "m"), metadata, payload: [] });
      expect(() => decodeRequest(payloadOf(frame))).toThrow(/Request metadata exceeds/);
    }
  });

  test("of mutated bytes is decoded or refused with a typed error", () => {
    const corpus = [
      Request.encode(
        Request.create({
          service: "a.B",
          method: "C",
          payload: Uint8Array.of(1, 2),
          timeoutNano: 9n,
          metadata: [{ key: "k", value: "v" }],
        }),
      ).finish(),
    ];
    const tokens = [Uint8Array.of(0x2a, 0), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), Uint8Array.of(0x0a, 0x80)];
    fuzz({ corpus, tokens, runs: 3000 }, ([chunk = new Uint8Array()]) => {
      for (const decode of [decodeRequest, decodeResponse]) {
        try {
          decode(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(KataError);
        }
      }
    });
  });
});

describe("a response", () => {
  test("means the same to the generated codec", () => {
    fc.assert(
      fc.property(fc.array(bytes), (payload) => {
        const decoded = Response.decode(payloadOf(encodeResponse(1, payload)));
        expect(decoded).toEqual({ status: undefined, payload: concatBytes(payload) });
        expect(payloadOf(encodeData(1, 0, payload))).toEqual(concatBytes(payload));
      }),
    );
  });

  test("is the same, made in place behind others or of pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (messages) => {
        const writer = new ProtobufWriter();
        for (const [i, message] of messages.entries()) writeResponse(writer, i, blob, message);
        const frames = messages.flatMap((message, i) => encodeResponse(i, [message]));
        expect(writer.finish()).toEqual(concatBytes(frames));
      }),
    );
  });

  test("that cannot be encoded leaves nothing behind", () => {
    const writer = new ProtobufWriter();
    writeResponse(writer, 1, blob, Uint8Array.of(1));
    const before = writer.bytes.slice(0, writer.position);
    const status = { code: 2 ** 40, message: "a number that is no int32", details: [] };
    expect(() => writeResponse(writer, 3, Response, { status, payload: Uint8Array.of(2) })).toThrow(
      /code must be int32/,
    );
    expect(() => writeResponse(writer, 5, blob, new Uint8Array(maxFramePayload))).toThrow(
      /exceed maximum message size/,
    );
    expect(writer.finish()).toEqual(before);
  });

  test("with an explicit OK status, as the Rust implementation sends it, is a success", () => {
    const encoded = Response.encode(
      Response.create({ status: { code: 0, message: "" }, payload: Uint8Array.of(7) }),
    ).finish();
    expect(decodeResponse(encoded)).toEqual({ error: undefined, payload: Uint8Array.of(7) });
  });

  test("with an error gives the error back", () => {
    const frame = encodeErrorResponse(1, encodeStatus(new KataError("aborted", "no")));
    expect(decodeResponse(payloadOf(frame)).error).toMatchObject({ code: "aborted", message: "no" });
  });
});
