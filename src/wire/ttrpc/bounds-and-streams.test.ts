import { describe, expect, test } from "vitest";
import { KataError } from "../../base/error.ts";
import { caught } from "../testing/caught.ts";
import { ttrpcPair, waitingHandler } from "../testing/ttrpc-pair.ts";
import type { CallContext } from "./handlers.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("bounds", () => {
  test("the server reads no more than it may have in flight, in order, and goes on afterwards", async () => {
    const started: string[] = [];
    const release: (() => void)[] = [];
    const { echo, far, connection } = ttrpcPair(
      {
        wait: (request) => {
          started.push(request);
          return new Promise<string>((resolve) => release.push(() => resolve(request)));
        },
      },
      { server: { maxInFlight: 3 } },
    );
    const calls = Array.from({ length: 10 }, (_, i) => echo.wait(String(i)));
    await turn();
    expect([started, far.isPaused, connection.requestsInFlight]).toEqual([["0", "1", "2"], true, 3]);
    while (release.length > 0) {
      release.shift()?.();
      await turn();
      expect(connection.requestsInFlight).toBeLessThanOrEqual(3);
    }
    expect(await Promise.all(calls)).toEqual(started);
    expect(far.isPaused).toBe(false);
  });

  test("the bytes of requests in flight are bounded too", async () => {
    const { echo, far } = ttrpcPair(
      { blob: () => new Promise(() => undefined) },
      { server: { maxInFlightBytes: 100_000 } },
    );
    for (let i = 0; i < 8; i++) void caught(echo.blob(new Uint8Array(60_000)));
    await turn();
    expect(far.isPaused).toBe(true);
  });

  test("a client that does not read its answers is not read from", async () => {
    const { echo, near, far } = ttrpcPair(
      { blob: () => new Uint8Array(50_000), echo: (request) => request },
      { server: { maxBacklogBytes: 100_000 } },
    );
    near.pause();
    const calls = Array.from({ length: 50 }, () => echo.blob(new Uint8Array(50_000)));
    await turn();
    expect(far.isPaused).toBe(true);
    expect(far.pendingBytes).toBeLessThan(300_000);
    near.resume();
    await Promise.all(calls);
    expect(await echo.echo("x")).toBe("x");
    expect(far.isPaused).toBe(false);
  });

  test("the client holds requests back under back-pressure and keeps their order", async () => {
    const order: number[] = [];
    const { echo, near, far, client } = ttrpcPair(
      {
        blob: (request) => {
          order.push(request[0] ?? -1);
          return new Uint8Array();
        },
      },
      { client: { highWaterBytes: 100_000 } },
    );
    far.pause();
    const calls = Array.from({ length: 40 }, (_, i) => echo.blob(new Uint8Array(20_000).fill(i)));
    await turn();
    expect(near.pendingBytes).toBeLessThan(150_000);
    expect(client.pendingCalls).toBe(40);
    far.resume();
    await Promise.all(calls);
    expect(order).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test("a call that gives up while it is held back is never sent", async () => {
    const seen: number[] = [];
    const { echo, far, clock } = ttrpcPair(
      {
        blob: (request) => {
          seen.push(request.length);
          return request;
        },
      },
      { client: { highWaterBytes: 1000 } },
    );
    far.pause();
    const first = echo.blob(new Uint8Array(70_000));
    const second = caught(echo.blob(new Uint8Array(2000), { timeoutMs: 5 }));
    const third = echo.blob(new Uint8Array(3000));
    await turn();
    clock.advance(5);
    expect((await second).code).toBe("deadline-exceeded");
    far.resume();
    await Promise.all([first, third]);
    expect(seen).toEqual([70_000, 3000]);
  });

  test("calls waiting for an answer are bounded", async () => {
    const { echo } = ttrpcPair({ wait: waitingHandler().handler }, { client: { maxPendingCalls: 2 } });
    void caught(echo.wait(""));
    void caught(echo.wait(""));
    await turn();
    expect((await caught(echo.wait(""))).code).toBe("resource-exhausted");
  });
});

describe("a stream of answers", () => {
  async function* count(request: string) {
    for (let i = 0; i < Number(request); i++) yield String(i);
  }

  test("arrives in order and ends", async () => {
    const { echo, client } = ttrpcPair({ count });
    const got: string[] = [];
    for await (const item of echo.count("5")) got.push(item);
    expect(got).toEqual(["0", "1", "2", "3", "4"]);
    for await (const item of echo.count("0")) expect.unreachable(item);
    expect(client.pendingCalls).toBe(0);
  });

  test("carries an empty message, which is not the end", async () => {
    const { echo } = ttrpcPair({
      count: async function* () {
        yield "";
        yield "x";
      },
    });
    const got: string[] = [];
    for await (const item of echo.count("")) got.push(item);
    expect(got).toEqual(["", "x"]);
  });

  test("fails with the handler's error, after what came before", async () => {
    const { echo } = ttrpcPair({
      count: async function* () {
        yield "one";
        throw new KataError("aborted", "enough");
      },
    });
    const items = echo.count("");
    expect(await items.next()).toEqual({ done: false, value: "one" });
    expect(await caught(items.next())).toMatchObject({ code: "aborted", message: "enough" });
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test("that is not read fails alone, within bounds", async () => {
    const { echo } = ttrpcPair({ count, echo: (request) => request });
    const items = echo.count("5000");
    await items.next();
    for (let i = 0; i < 100; i++) await turn();
    let read = 0;
    const error = await caught(
      (async () => {
        for await (const _ of items) read++;
      })(),
    );
    expect(error).toMatchObject({ code: "resource-exhausted" });
    expect(read).toBeLessThan(1100);
    expect(await echo.echo("x")).toBe("x");
  });

  test("stops when the reader leaves, when the client goes, and at the deadline", async () => {
    let ended = 0;
    const handlers = {
      count: async function* (_request: string, context: CallContext) {
        try {
          while (!context.signal.aborted) {
            yield "tick";
            await turn();
          }
        } finally {
          ended++;
        }
      },
    };
    const { echo, client, clock } = ttrpcPair(handlers);
    for await (const _ of echo.count("")) break;
    expect(client.pendingCalls).toBe(0);
    const timed = echo.count("", { timeoutMs: 10 });
    await timed.next();
    clock.advance(10);
    const error = await caught(
      (async () => {
        for await (const _ of timed);
      })(),
    );
    expect(error.code).toBe("deadline-exceeded");
    client.close();
    await turn();
    await turn();
    expect(ended).toBe(2);
  });
});
