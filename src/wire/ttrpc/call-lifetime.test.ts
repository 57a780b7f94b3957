import { describe, expect, test } from "vitest";
import { CancelSource } from "../../base/cancel.ts";
import { causeChain } from "../../base/error.ts";
import { caught } from "../testing/caught.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { memoryStreamPair } from "../testing/memory-stream.ts";
import { ttrpcPair, waitingHandler } from "../testing/ttrpc-pair.ts";
import { TtrpcClient } from "./client.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("time and cancellation", () => {
  test("a deadline ends the call on both sides", async () => {
    const wait = waitingHandler();
    const { clock, echo, client, connection } = ttrpcPair({ wait: wait.handler });
    const error = caught(echo.wait("", { timeoutMs: 50 }));
    await turn();
    expect(connection.requestsInFlight).toBe(1);
    clock.advance(50);
    expect(await error).toMatchObject({
      code: "deadline-exceeded",
      message: "/test.v1.Echo/Wait was not answered within 50 ms",
    });
    await turn();
    expect(wait.reasons).toHaveLength(1);
    expect(wait.reasons[0]).toMatchObject({ code: "deadline-exceeded" });
    expect([client.pendingCalls, connection.requestsInFlight, clock.pendingTimers]).toEqual([0, 0, 0]);
  });

  test("an answer that comes after the deadline is ignored", async () => {
    let release = (_answer: string) => {};
    const { clock, echo } = ttrpcPair({
      wait: () => new Promise<string>((resolve) => (release = resolve)),
      echo: (request) => request,
    });
    const error = caught(echo.wait("", { timeoutMs: 10 }));
    await turn();
    clock.advance(10);
    expect((await error).code).toBe("deadline-exceeded");
    release("late");
    expect(await echo.echo("next")).toBe("next");
  });

  test("an expired timeout never sends anything", async () => {
    const { echo, near } = ttrpcPair({ echo: () => "" });
    expect((await caught(echo.echo("", { timeoutMs: 0 }))).code).toBe("deadline-exceeded");
    expect(near.pendingBytes).toBe(0);
  });

  test("a call without a timeout, or with an endless one, arms no timer", async () => {
    const wait = waitingHandler();
    const { clock, echo, client } = ttrpcPair({ wait: wait.handler });
    const calls = [
      echo.wait(""),
      echo.wait("", { timeoutMs: Number.POSITIVE_INFINITY }),
      echo.wait("", { timeoutMs: 2 ** 40 }),
    ];
    await turn();
    expect([wait.contexts.length, clock.pendingTimers]).toEqual([3, 0]);
    client.close();
    expect((await Promise.all(calls.map(caught))).map((error) => error.code)).toEqual(Array(3).fill("unavailable"));
  });

  test("a signal cancels its call only, before or after it is sent", async () => {
    const { echo } = ttrpcPair({ wait: waitingHandler().handler, echo: (request) => request });
    const source = new CancelSource();
    const error = caught(echo.wait("", { signal: source.signal }));
    await turn();
    source.cancel(new Error("user gave up"));
    expect(causeChain(await error)).toEqual(["/test.v1.Echo/Wait was cancelled", "user gave up"]);
    expect((await caught(echo.echo("", { signal: source.signal }))).code).toBe("cancelled");
    expect(await echo.echo("x")).toBe("x");
  });
});

describe("the end of a connection", () => {
  test("that a handler brings about cancels its own call", async () => {
    const reasons: unknown[] = [];
    const { echo, server, connection } = ttrpcPair({
      wait: (_request, { signal }) => {
        signal.addEventListener("abort", () => reasons.push(signal.reason));
        server.close();
        return new Promise(() => undefined);
      },
    });
    expect(await caught(echo.wait("", { timeoutMs: 100 }))).toMatchObject({ code: "unavailable" });
    expect(reasons).toMatchObject([{ code: "cancelled", message: "The server was closed" }]);
    expect(connection.requestsInFlight).toBe(1);
  });

  test("fails every pending call with the cause, and later ones too", async () => {
    const { echo, far, client } = ttrpcPair({ wait: waitingHandler().handler });
    const calls = [caught(echo.wait("")), caught(echo.wait("", { timeoutMs: 100 }))];
    await turn();
    far.close();
    for (const error of await Promise.all(calls)) {
      expect(error.code).toBe("unavailable");
      expect(causeChain(error)).toEqual(["No connection for /test.v1.Echo/Wait", "The connection was closed"]);
    }
    expect((await caught(echo.echo(""))).code).toBe("unavailable");
    expect((await client.closed).code).toBe("unavailable");
  });

  test("names the error of the stream, or says that a frame was cut", async () => {
    const first = ttrpcPair({ wait: waitingHandler().handler });
    const error = caught(first.echo.wait(""));
    first.near.close(new Error("ECONNRESET"));
    expect(causeChain(await error).at(-1)).toBe("ECONNRESET");
    const [near, far] = memoryStreamPair();
    const client = new TtrpcClient({ stream: near, clock: new FakeClock() });
    far.start({ data: () => undefined, close: () => undefined });
    far.write(Uint8Array.of(0, 0, 0, 9, 0, 0));
    far.end();
    expect(causeChain(await client.closed)).toEqual(["The connection was closed", "The stream ended inside a frame"]);
  });

  test("cancels the handlers of the client that is gone", async () => {
    const wait = waitingHandler();
    const { echo, client, connection, server, clock } = ttrpcPair({ wait: wait.handler });
    void caught(echo.wait("", { timeoutMs: 1000 }));
    await turn();
    client.close();
    await connection.closed;
    await turn();
    expect(wait.reasons[0]).toMatchObject({ code: "cancelled" });
    expect([connection.requestsInFlight, server.connectionCount, clock.pendingTimers]).toEqual([0, 0, 0]);
  });

  test("by the server still delivers the answers given so far", async () => {
    const wait = waitingHandler();
    const { echo, server } = ttrpcPair({
      echo: (request, context) => {
        context.onFinished(() => void server.end());
        return request;
      },
      wait: wait.handler,
    });
    const waiting = caught(echo.wait(""));
    await turn();
    expect(await echo.echo("bye")).toBe("bye");
    expect((await waiting).code).toBe("unavailable");
    expect(wait.reasons[0]).toMatchObject({ code: "cancelled" });
    expect((await caught(echo.echo(""))).code).toBe("unavailable");
  });
});
