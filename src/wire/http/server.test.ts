import { describe, expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { Logger, type LogRecord } from "../../base/logger.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { fuzz } from "../testing/fuzz.ts";
import { memoryStreamPair } from "../testing/memory-stream.ts";
import { HttpClient } from "./client.ts";
import { HttpServer } from "./server.ts";
import type { HttpServerLimits } from "./server-connection.ts";

function setUp(limits: Partial<HttpServerLimits> = {}) {
  const clock = new FakeClock();
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "debug" });
  const server = new HttpServer({ clock, logger }, limits);
  const releases: (() => void)[] = [];
  let aborted = 0;
  server.route("GET", "/metrics", () => ({ body: "kata 1\n", contentType: "text/plain; version=0.0.4" }));
  server.route("PUT", "/echo", ({ body }) => ({ body, contentType: "application/octet-stream" }));
  server.route("POST", "/echo", ({ body, query }) => ({
    status: 201,
    body: `${query.get("a b")}|${utf8Decode(body)}`,
  }));
  server.route("GET", "/fail", () => {
    throw new KataError("not-found", "No such sandbox", { cause: new Error("why") });
  });
  server.route("GET", "/bug", () => Promise.reject(new TypeError("mistake")));
  server.route("GET", "/slow", (_request, { signal }) => {
    signal.addEventListener("abort", () => aborted++);
    return new Promise((resolve) => releases.push(() => resolve({ status: 204 })));
  });
  const connect = () => {
    const [near, far] = memoryStreamPair();
    server.serve(far);
    return { near, far };
  };
  return { clock, server, records, connect, releases, aborted: () => aborted };
}

/** Sends chunks over one connection and returns all that came back. */
async function exchange(chunks: readonly Uint8Array[], peer = setUp()): Promise<{ text: string; closed: boolean }> {
  const { near } = peer.connect();
  const parts: Uint8Array[] = [];
  let closed = false;
  near.start({ data: (chunk) => parts.push(chunk.slice()), close: () => (closed = true) });
  for (const chunk of chunks) {
    near.write(chunk);
    await settle();
  }
  await settle();
  return { text: utf8Decode(concatBytes(parts)), closed };
}

const send = (text: string, peer?: ReturnType<typeof setUp>) => exchange([utf8Encode(text)], peer);

describe("HttpServer", () => {
  test("serves its routes to its own client over one connection", async () => {
    const peer = setUp();
    const client = new HttpClient({ connect: async () => peer.connect().near, clock: peer.clock });
    const metrics = await client.request({ method: "GET", path: "/metrics" });
    expect([metrics.status, metrics.headers.get("content-type"), utf8Decode(metrics.body)]).toEqual([
      200,
      "text/plain; version=0.0.4",
      "kata 1\n",
    ]);
    const head = await client.request({ method: "HEAD", path: "/metrics" });
    expect([head.status, head.headers.get("content-length"), head.body.length]).toEqual([200, "7", 0]);
    const big = new Uint8Array(1 << 20).fill(7);
    expect(Buffer.compare((await client.request({ method: "PUT", path: "/echo", body: big })).body, big)).toBe(0);
    const posted = await client.request({ method: "POST", path: "/echo?x&a%20b=c%C3%A9", body: "é" });
    expect([posted.status, utf8Decode(posted.body)]).toEqual([201, "cé|é"]);
    expect((await client.request({ method: "GET", path: "/none" })).status).toBe(404);
    const wrong = await client.request({ method: "DELETE", path: "/metrics" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("turns errors into statuses, and logs those that nobody threw on purpose", async () => {
    const peer = setUp();
    expect((await send("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n", peer)).text).toMatch(
      /^HTTP\/1.1 404 Not Found\r\n.*\r\n\r\nNo such sandbox: why\n$/s,
    );
    expect((await send("GET /bug HTTP/1.1\r\nHost: x\r\n\r\n", peer)).text).toMatch(/^HTTP\/1.1 500 /);
    expect(peer.records.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  test("answers pipelined requests in order, however they are cut", async () => {
    const bytes = utf8Encode(
      "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n\r\nPUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /metrics HTTP/1.1\r\n",
    );
    const whole = await exchange([bytes]);
    expect(whole.text.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404"]);
    expect(whole.closed).toBe(true);
    for (let at = 1; at < bytes.length; at += 7)
      expect(await exchange([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
  });

  test("asks for the body of a client that waits for it", async () => {
    const head = "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    const { text } = await exchange([utf8Encode(head), utf8Encode("ok")]);
    expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n.*ok$/s);
    expect((await send(head.replace("100-continue", "magic"))).text).toMatch(/^HTTP\/1.1 417 /);
  });

  test.each([
    ["another protocol", "CONNECT 1024\n", 400],
    ["a lower-case method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a proxy's target", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a fragment", "GET /metrics#x HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a bad percent sign", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400],
    [
      "length and chunks",
      "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    ["two lengths", "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400],
    ["a folded field", "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 400],
    ["another version", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505],
    ["another coding", "PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501],
    ["a body above the limit", "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413],
    ["a head above the limit", `GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    ["too many fields", `GET / HTTP/1.1\r\nHost: x\r\n${"A: b\r\n".repeat(101)}\r\n`, 431],
  ])("refuses %s and closes", async (_what, text, status) => {
    const { text: answer, closed } = await send(text);
    expect(answer.slice(0, 13)).toBe(`HTTP/1.1 ${status} `);
    expect([answer.match(/HTTP\/1.1 \d\d\d /g)?.length, closed]).toEqual([1, true]);
  });

  test("closes after an answer to HTTP/1.0", async () => {
    const { text, closed } = await send("GET /metrics HTTP/1.0\r\n\r\n");
    expect([text.startsWith("HTTP/1.1 200 OK"), closed]).toEqual([true, true]);
  });

  test("reads nothing while it answers, and tells the handler when the client leaves", async () => {
    const peer = setUp();
    const { near, far } = peer.connect();
    near.start({ data: () => undefined, close: () => undefined });
    near.write(utf8Encode("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
    await settle();
    expect([far.isPaused, peer.releases.length]).toEqual([true, 1]);
    peer.releases[0]?.();
    await settle();
    expect(peer.releases).toHaveLength(2);
    near.close();
    await settle();
    expect(peer.aborted()).toBe(2);
  });

  test("gives slow and idle clients up", async () => {
    const peer = setUp({ requestTimeoutMs: 100, idleTimeoutMs: 1000 });
    const { near } = peer.connect();
    let text = "";
    let closed = false;
    near.start({ data: (chunk) => (text += utf8Decode(chunk)), close: () => (closed = true) });
    for (const part of ["GET /metrics", " HTTP/1.1\r\n", "Host"]) {
      near.write(utf8Encode(part));
      await settle();
      peer.clock.advance(40);
    }
    await settle();
    expect([text.slice(0, 12), closed]).toEqual(["HTTP/1.1 408", true]);
    const idle = peer.connect();
    idle.near.start({ data: () => undefined, close: () => undefined });
    peer.clock.advance(999);
    await settle();
    expect(idle.far.isClosed).toBe(false);
    peer.clock.advance(1);
    await settle();
    expect([idle.far.isClosed, peer.clock.pendingTimers]).toEqual([true, 0]);
  });

  test("bounds its connections and forgets those that are over", async () => {
    const peer = setUp({ maxConnections: 2 });
    const connections = [peer.connect(), peer.connect(), peer.connect()];
    for (const { near } of connections) near.start({ data: () => undefined, close: () => undefined });
    await settle();
    expect(connections.map(({ near }) => near.isClosed)).toEqual([false, false, true]);
    connections[0]?.near.close();
    await settle();
    const next = peer.connect();
    next.near.start({ data: () => undefined, close: () => undefined });
    await settle();
    expect(next.near.isClosed).toBe(false);
    peer.server.close();
    await settle();
    expect([next.near.isClosed, peer.clock.pendingTimers]).toEqual([true, 0]);
  });

  test("survives mutated bytes: every connection is answered or waits, and ends cleanly", async () => {
    const corpus = [
      "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
      "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
      "POST /echo?a=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ].map(utf8Encode);
    const tokens = [
      "\r\n",
      "\r\n\r\n",
      "Content-Length: 1\r\n",
      "Transfer-Encoding: chunked\r\n",
      "%",
      "HTTP/1.0",
      "Expect: 100-continue\r\n",
    ].map(utf8Encode);
    const inputs: (readonly Uint8Array[])[] = [];
    fuzz({ corpus, tokens, runs: 800 }, (chunks) => inputs.push(chunks));
    for (const chunks of inputs) {
      const peer = setUp();
      const { near } = peer.connect();
      near.start({ data: () => undefined, close: () => undefined });
      for (const chunk of chunks) near.write(chunk);
      await settle();
      near.close();
      await settle();
      expect(peer.clock.pendingTimers).toBe(0);
      expect(peer.records.filter(({ level }) => level === "error")).toEqual([]);
    }
  });
});
