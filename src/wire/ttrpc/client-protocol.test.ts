import { describe, expect, test } from "vitest";
import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import { causeChain, KataError } from "../../base/error.ts";
import { Request, Response } from "../gen/ttrpc/request.ts";
import { caught } from "../testing/caught.ts";
import { echoService } from "../testing/echo-service.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { fuzz } from "../testing/fuzz.ts";
import { memoryStreamPair } from "../testing/memory-stream.ts";
import { TtrpcClient } from "./client.ts";
import { createClient } from "./create-client.ts";
import { encodeFrame, FrameDecoder, maxFramePayload, writeFrameHeader } from "./frame.ts";

const response = (payload: string) => Response.encode(Response.create({ payload: utf8Encode(payload) })).finish();

/** A client whose peer is driven by hand. */
function rawPeer() {
  const clock = new FakeClock();
  const [near, far] = memoryStreamPair();
  const client = new TtrpcClient({ stream: near, clock });
  const sent: { streamId: number; type: number; flags: number; request: Request }[] = [];
  const decoder = new FrameDecoder({
    frame: (streamId, type, flags, payload) =>
      sent.push({ streamId, type, flags, request: Request.decode(payload.rest()) }),
    oversized: () => expect.unreachable(),
  });
  far.start({ data: (chunk) => decoder.push(chunk), close: () => undefined });
  return { clock, client, far, near, sent, echo: createClient(echoService, client) };
}

describe("the client", () => {
  test("sends what the protocol asks for", async () => {
    const { echo, sent, clock } = rawPeer();
    void caught(echo.echo("hi", { timeoutMs: 1.5, metadata: { k: "v" } }));
    clock.advance(0.5);
    void caught(echo.echo(""));
    void echo.count("c").next();
    await settle();
    expect(sent.map(({ streamId, type, flags }) => [streamId, type, flags])).toEqual([
      [1, 1, 0],
      [3, 1, 0],
      [5, 1, 1],
    ]);
    expect(sent[0]?.request).toEqual({
      service: "test.v1.Echo",
      method: "Echo",
      payload: Uint8Array.from(utf8Encode("hi")),
      timeoutNano: 1_500_000n,
      metadata: [{ key: "k", value: "v" }],
    });
    expect(sent[1]?.request.timeoutNano).toBe(0n);
  });

  test("takes answers in any order and ignores frames of other streams", async () => {
    const { echo, far } = rawPeer();
    const calls = [echo.echo("1"), echo.echo("2")];
    await settle();
    for (const id of [0, 2, 99, 0xffffffff]) far.write(encodeFrame(id, 2, 0, response("stray")));
    far.write(encodeFrame(3, 2, 0, response("two")));
    far.write(encodeFrame(3, 2, 0, response("again")));
    far.write(encodeFrame(1, 2, 0, response("one")));
    expect(await Promise.all(calls)).toEqual(["one", "two"]);
  });

  test.each([
    ["data", 3, "Unexpected frame of type 3 in response to /test.v1.Echo/Echo"],
    ["a request", 1, "Unexpected frame of type 1 in response to /test.v1.Echo/Echo"],
    ["an unknown type", 9, "Unexpected frame of type 9 in response to /test.v1.Echo/Echo"],
  ])("fails a unary call that is answered with %s", async (_what, type, message) => {
    const { echo, far } = rawPeer();
    const error = caught(echo.echo(""));
    far.write(encodeFrame(1, type, 0, response("x")));
    expect(await error).toMatchObject({ code: "internal", message });
  });

  test("fails a call whose answer is malformed or too big, and lives on", async () => {
    const { echo, far } = rawPeer();
    const errors = [caught(echo.echo("")), caught(echo.echo("")), caught(echo.echo(""))];
    far.write(encodeFrame(1, 2, 0, Uint8Array.of(0x0a, 0x50)));
    const head = new Uint8Array(10);
    writeFrameHeader(head, 0, maxFramePayload + 7, 3, 2, 0);
    far.write(head);
    far.write(new Uint8Array(maxFramePayload + 7));
    far.write(encodeFrame(5, 2, 0, Uint8Array.of(0x0a, 0x04, 0x08, 0x05, 0x12, 0x00)));
    const [malformed, oversized, plain] = await Promise.all(errors);
    expect(malformed).toMatchObject({ code: "internal", message: "Malformed response to /test.v1.Echo/Echo" });
    expect(oversized?.code).toBe("resource-exhausted");
    expect(causeChain(oversized)[1]).toBe("message length 4194311 exceed maximum message size of 4194304");
    expect(plain).toMatchObject({ code: "not-found", message: "" });
    const next = echo.echo("");
    await settle();
    far.write(encodeFrame(7, 2, 0, response("ok")));
    expect(await next).toBe("ok");
  });

  test("ends a stream with a last message in a response or in a closing data frame", async () => {
    const { echo, far } = rawPeer();
    const collect = async (items: AsyncIterable<string>) => {
      const got: string[] = [];
      for await (const item of items) got.push(item);
      return got;
    };
    const lists = [collect(echo.count("")), collect(echo.count("")), collect(echo.count("")), collect(echo.count(""))];
    far.write(encodeFrame(1, 3, 0, utf8Encode("a")));
    far.write(encodeFrame(1, 2, 0, response("b")));
    far.write(encodeFrame(3, 3, 1, utf8Encode("c")));
    far.write(encodeFrame(5, 3, 5, new Uint8Array()));
    far.write(encodeFrame(7, 3, 0, utf8Encode("d")));
    far.write(encodeFrame(7, 2, 0, new Uint8Array()));
    expect(await Promise.all(lists)).toEqual([["a", "b"], ["c"], [], ["d"]]);
  });

  test("goes on after the last stream id, leaving out those in use", async () => {
    const { client, echo, far, sent } = rawPeer();
    const first = echo.wait("");
    (client as unknown as { nextStreamId: number }).nextStreamId = 0xffffffff;
    const calls = [echo.echo(""), echo.echo("")];
    await settle();
    expect(sent.map(({ streamId }) => streamId)).toEqual([1, 0xffffffff, 3]);
    for (const { streamId } of sent) far.write(encodeFrame(streamId, 2, 0, response(String(streamId))));
    expect(await Promise.all([first, ...calls])).toEqual(["1", "4294967295", "3"]);
  });

  test("survives whatever it is answered, and every call ends", async () => {
    const corpus = [
      encodeFrame(1, 2, 0, response("abc")),
      encodeFrame(3, 3, 0, utf8Encode("item")),
      encodeFrame(3, 3, 5, new Uint8Array()),
      encodeFrame(1, 2, 0, Uint8Array.of(0x0a, 0x07, 0x08, 0x05, 0x12, 0x03, 0x61, 0x62, 0x63)),
    ];
    const inputs: (readonly Uint8Array[])[] = [];
    fuzz({ corpus, tokens: [Uint8Array.of(0, 0, 0, 1), Uint8Array.of(0, 0x40, 0, 1)], runs: 600 }, (chunks) =>
      inputs.push(chunks),
    );
    for (const chunks of inputs) {
      const { echo, far, client } = rawPeer();
      const unary = echo.echo("").then(
        () => undefined,
        (error: unknown) => error,
      );
      const stream = (async () => {
        for await (const _ of echo.count(""));
      })().then(
        () => undefined,
        (error: unknown) => error,
      );
      for (const chunk of chunks) far.write(chunk);
      await settle();
      expect(far.isClosed).toBe(false);
      far.end();
      for (const error of await Promise.all([unary, stream])) {
        if (error !== undefined) expect(error).toBeInstanceOf(KataError);
      }
      expect(client.pendingCalls).toBe(0);
    }
  });

  test("gives the same results however the answers are cut", async () => {
    const bytes = concatBytes([encodeFrame(3, 2, 0, response("two")), encodeFrame(1, 2, 0, response("one"))]);
    for (let at = 0; at <= bytes.length; at++) {
      const { echo, far } = rawPeer();
      const calls = [echo.echo(""), echo.echo("")];
      far.write(bytes.subarray(0, at));
      await settle();
      far.write(bytes.subarray(at));
      expect(await Promise.all(calls)).toEqual(["one", "two"]);
    }
  });
});
