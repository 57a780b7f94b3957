import { describe, expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import type { KataError } from "../../base/error.ts";
import { Logger, type LogRecord } from "../../base/logger.ts";
import { Request } from "../gen/ttrpc/request.ts";
import { echoService } from "../testing/echo-service.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { fuzz } from "../testing/fuzz.ts";
import { memoryStreamPair } from "../testing/memory-stream.ts";
import { decodeResponse } from "./envelope.ts";
import { encodeFrame, FrameDecoder, maxFramePayload, writeFrameHeader } from "./frame.ts";
import { TtrpcServer } from "./server.ts";

const text = (value: string) => Uint8Array.from(utf8Encode(value));

function request(method: string, more: { payload?: string; service?: string; timeoutNano?: bigint } = {}): Uint8Array {
  const { payload = "", service = echoService.name, timeoutNano = 0n } = more;
  return Request.encode(Request.create({ service, method, payload: text(payload), timeoutNano })).finish();
}

interface Reply {
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
  readonly error: KataError | undefined;
  readonly payload: string;
}

/** A peer that writes frames by hand. */
function rawPeer() {
  const clock = new FakeClock();
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "debug" });
  const server = new TtrpcServer({ clock, logger }, { maxInFlight: 8 });
  let waiting = 0;
  server.register(echoService, {
    echo: (message) => message,
    wait: (_message, { signal }) =>
      new Promise((_resolve, reject) => {
        waiting++;
        signal.addEventListener("abort", () => {
          waiting--;
          reject(signal.reason);
        });
      }),
    count: async function* () {
      yield "a";
      yield "b";
    },
  });
  const [near, far] = memoryStreamPair();
  server.serve(far);
  const replies: Reply[] = [];
  const decoder = new FrameDecoder({
    frame: (streamId, type, flags, reader) => {
      const payload = reader.rest();
      const decoded = type === 2 ? decodeResponse(payload) : { error: undefined, payload };
      replies.push({ streamId, type, flags, error: decoded.error, payload: utf8Decode(decoded.payload) });
    },
    oversized: () => expect.unreachable(),
  });
  near.start({ data: (chunk) => decoder.push(chunk), close: () => undefined });
  return { clock, near, far, records, replies, waiting: () => waiting };
}

async function exchange(...frames: Uint8Array[]): Promise<Reply[]> {
  const peer = rawPeer();
  for (const frame of frames) peer.near.write(frame);
  while (peer.near.pendingBytes > 0) await settle();
  await settle();
  expect(peer.far.isClosed).toBe(false);
  return peer.replies;
}

const refusal = (streamId: number, code: string, message: string) => ({
  streamId,
  type: 2,
  flags: 0,
  error: { code, message },
});

describe("the server", () => {
  test.each([0, 2, 0xfffffffe])("refuses the stream id %d", async (id) => {
    const message = "StreamID must be odd for client initiated streams";
    expect(await exchange(encodeFrame(id, 1, 0, request("Echo")))).toMatchObject([
      refusal(id, "invalid-argument", message),
    ]);
  });

  test("refuses a stream id that was used or goes back", async () => {
    const frames = [5, 5, 3, 7].map((id) => encodeFrame(id, 1, 0, request("Echo", { payload: String(id) })));
    const message = "StreamID cannot be re-used and must increment";
    expect(await exchange(...frames)).toMatchObject([
      { streamId: 5, payload: "5" },
      refusal(5, "invalid-argument", message),
      refusal(3, "invalid-argument", message),
      { streamId: 7, payload: "7" },
    ]);
  });

  test("lets stream ids start over at the end of their range", async () => {
    const frames = [0xffffffff, 1, 3].map((id) => encodeFrame(id, 1, 0, request("Echo")));
    expect((await exchange(...frames)).map(({ streamId, error }) => [streamId, error])).toEqual([
      [0xffffffff, undefined],
      [1, undefined],
      [3, undefined],
    ]);
  });

  test("ignores unknown frame types and responses", async () => {
    const frames = [0, 2, 4, 255].map((type) => encodeFrame(1, type, 0, text("x")));
    expect(await exchange(...frames, encodeFrame(1, 1, 0, request("Echo", { payload: "y" })))).toMatchObject([
      { streamId: 1, payload: "y", error: undefined },
    ]);
  });

  test("takes any request flags for what the method is", async () => {
    const frames = [0, 1, 2, 3, 0xff].map((flags, i) =>
      encodeFrame(i * 2 + 1, 1, flags, request("Echo", { payload: "y" })),
    );
    expect((await exchange(...frames)).map((reply) => reply.payload)).toEqual(["y", "y", "y", "y", "y"]);
  });

  test("refuses a request that is no protobuf message", async () => {
    const [reply] = await exchange(encodeFrame(1, 1, 0, Uint8Array.of(0x0a, 0x7f)));
    expect(reply).toMatchObject(refusal(1, "invalid-argument", "unmarshal request error"));
  });

  test("treats an empty request as one for an unknown service", async () => {
    expect(await exchange(encodeFrame(1, 1, 0, new Uint8Array()))).toMatchObject([
      refusal(1, "unimplemented", "service "),
    ]);
  });

  test("skips an oversized request, says so, and lives on", async () => {
    const head = new Uint8Array(10);
    writeFrameHeader(head, 0, maxFramePayload + 1, 1, 1, 0);
    const replies = await exchange(
      head,
      new Uint8Array(maxFramePayload + 1),
      encodeFrame(3, 1, 0, request("Echo", { payload: "z" })),
    );
    expect(replies).toMatchObject([
      refusal(1, "resource-exhausted", "message length 4194305 exceed maximum message size of 4194304"),
      { streamId: 3, payload: "z" },
    ]);
  });

  test("refuses data on a stream that is not there, and fails a call that gets data", async () => {
    const peer = rawPeer();
    peer.near.write(encodeFrame(9, 3, 0, text("x")));
    peer.near.write(encodeFrame(11, 1, 0, request("Wait")));
    peer.near.write(encodeFrame(11, 3, 5, new Uint8Array()));
    await settle();
    expect(peer.replies).toMatchObject([refusal(9, "invalid-argument", "StreamID is no longer active")]);
    expect(peer.waiting()).toBe(1);
    peer.near.write(encodeFrame(11, 3, 0, text("x")));
    await settle();
    expect(peer.replies[1]).toMatchObject({ streamId: 11, error: { code: "invalid-argument" } });
    expect(peer.waiting()).toBe(0);
  });

  test("streams data frames and closes with `remote closed` and `no data`", async () => {
    const replies = await exchange(encodeFrame(1, 1, 1, request("Count")));
    expect(replies.map(({ type, flags, payload }) => [type, flags, payload])).toEqual([
      [3, 0, "a"],
      [3, 0, "b"],
      [3, 5, ""],
    ]);
  });

  test.each([-1n, -(2n ** 63n)])("takes a timeout of %d ns for one that is over", async (timeoutNano) => {
    const [reply] = await exchange(encodeFrame(1, 1, 0, request("Wait", { timeoutNano })));
    expect(reply?.error?.code).toBe("deadline-exceeded");
  });

  test("takes a timeout of 292 years for none, one of 1 ns for one", async () => {
    const peer = rawPeer();
    peer.near.write(encodeFrame(1, 1, 0, request("Wait", { timeoutNano: 2n ** 63n - 1n })));
    peer.near.write(encodeFrame(3, 1, 0, request("Wait", { timeoutNano: 1n })));
    await settle();
    expect(peer.clock.pendingTimers).toBe(1);
    peer.clock.advance(1);
    await settle();
    expect(peer.replies.map(({ streamId, error }) => [streamId, error?.code])).toEqual([[3, "deadline-exceeded"]]);
    peer.near.close();
    await settle();
    expect(peer.waiting()).toBe(0);
  });

  test("cuts a method name from the peer before it repeats it", async () => {
    const [reply] = await exchange(encodeFrame(1, 1, 0, request("x".repeat(100_000))));
    expect(reply?.error?.message).toHaveLength("method ".length + 256);
  });

  test("survives whatever it is sent, with nothing left in flight", async () => {
    const corpus = [
      encodeFrame(1, 1, 0, request("Echo", { payload: "abc", timeoutNano: 1_000_000n })),
      encodeFrame(3, 1, 1, request("Count")),
      encodeFrame(5, 1, 0, request("Wait", { timeoutNano: 5n })),
      encodeFrame(5, 3, 1, text("data")),
    ];
    const tokens = [
      Uint8Array.of(0, 0, 0, 1),
      Uint8Array.of(0, 0x40, 0, 1),
      Uint8Array.of(0x20, 0xff, 0xff, 0xff, 0xff, 0x7f),
    ];
    const inputs: (readonly Uint8Array[])[] = [];
    fuzz({ corpus, tokens, runs: 600 }, (chunks) => inputs.push(chunks));
    for (const chunks of inputs) {
      const peer = rawPeer();
      for (const chunk of chunks) peer.near.write(chunk);
      await settle();
      expect(peer.far.isClosed).toBe(false);
      expect(peer.records.filter((record) => record.level === "error")).toEqual([]);
      peer.near.close();
      await settle();
      expect([peer.waiting(), peer.clock.pendingTimers]).toEqual([0, 0]);
    }
  });

  test("answers the same however its input is cut", async () => {
    const bytes = concatBytes([1, 3, 5].map((id) => encodeFrame(id, 1, 0, request("Echo", { payload: `p${id}` }))));
    const whole = await exchange(bytes);
    expect(whole).toHaveLength(3);
    for (let at = 1; at < bytes.length; at++)
      expect(await exchange(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
  });
});
