import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { CancelSource } from "../../base/cancel.ts";
import { causeChain } from "../../base/error.ts";
import { caught } from "../testing/caught.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { type MemoryStream, memoryStreamPair } from "../testing/memory-stream.ts";
import { HttpClient, type HttpClientOptions } from "./client.ts";
import { expectSuccess } from "./response-error.ts";

/** A client whose servers are driven by hand: one entry a connection. */
function setUp(options: HttpClientOptions = {}) {
  const clock = new FakeClock();
  const servers: { far: MemoryStream; heard: string; closed: boolean }[] = [];
  const connect = async () => {
    const [near, far] = memoryStreamPair({ chunkBytes: 16 });
    const server = { far, heard: "", closed: false };
    far.start({
      data: (chunk) => (server.heard += utf8Decode(chunk)),
      close: () => (server.closed = true),
    });
    servers.push(server);
    return near;
  };
  const client = new HttpClient({ connect, clock }, options);
  const say = async (index: number, text: string) => {
    await settle();
    servers[index]?.far.write(utf8Encode(text));
    await settle();
  };
  return { clock, client, servers, say };
}

const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe("HttpClient", () => {
  test("sends requests as servers want them and keeps the connection", async () => {
    const { client, servers, say } = setUp();
    const first = client.request({ method: "GET", path: "/api/v1/vm.info" });
    await say(0, ok('{"state":"Running"}'));
    expect(utf8Decode((await first).body)).toBe('{"state":"Running"}');
    const second = client.request({
      method: "PUT",
      path: "/api/v1/vm.create",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    await say(0, "HTTP/1.1 204 No Content\r\n\r\n");
    expect((await second).status).toBe(204);
    const third = client.request({ method: "PUT", path: "/boot" });
    await say(
      0,
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    );
    expect(utf8Decode((await third).body)).toBe("hi");
    expect(servers).toHaveLength(1);
    expect(servers[0]?.heard).toBe(
      "GET /api/v1/vm.info HTTP/1.1\r\nHost: localhost\r\n\r\n" +
        "PUT /api/v1/vm.create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}" +
        "PUT /boot HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    );
  });

  test("sends one request at a time, in order", async () => {
    const { client, servers, say } = setUp();
    const both = [client.request({ method: "GET", path: "/1" }), client.request({ method: "GET", path: "/2" })];
    await settle();
    expect(servers[0]?.heard).not.toContain("/2");
    await say(0, ok("one"));
    await say(0, ok("two"));
    expect((await Promise.all(both)).map(({ body }) => utf8Decode(body))).toEqual(["one", "two"]);
  });

  test("connects anew after a response that ends its connection", async () => {
    const { client, servers, say } = setUp();
    const first = client.request({ method: "GET", path: "/" });
    await say(0, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    await first;
    const second = client.request({ method: "GET", path: "/" });
    await say(1, "HTTP/1.1 200 OK\r\n\r\nall of it");
    servers[1]?.far.end();
    expect(utf8Decode((await second).body)).toBe("all of it");
    const third = client.request({ method: "GET", path: "/" });
    await say(2, ok(""));
    await third;
    expect(servers.map(({ closed }) => closed)).toEqual([true, true, false]);
  });

  test("repeats a harmless request when a kept connection turns out to be gone, no other", async () => {
    const { client, servers, say } = setUp();
    const first = client.request({ method: "GET", path: "/" });
    await say(0, ok("a"));
    await first;
    servers[0]?.far.end();
    const second = client.request({ method: "GET", path: "/" });
    await say(1, ok("b"));
    expect(utf8Decode((await second).body)).toBe("b");
    const third = caught(client.request({ method: "PUT", path: "/vm.boot" }));
    await settle();
    servers[1]?.far.end();
    const error = await third;
    expect(error.code).toBe("unavailable");
    expect(causeChain(error)).toEqual(["PUT /vm.boot failed", "The server closed the connection"]);
    expect(servers).toHaveLength(2);
  });

  test.each([
    ["before any byte", "", "unavailable", "The server closed the connection"],
    ["inside the head", "HTTP/1.1 20", "unavailable", "The connection ended inside a message"],
    [
      "inside the body",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
      "unavailable",
      "The connection ended inside a message",
    ],
    ["after something else", '{"QMP": 1}\r\n\r\n', "data-loss", 'Malformed status line "{\\"QMP\\": 1}"'],
    [
      "after a body above the limit",
      "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n",
      "resource-exhausted",
      "Body exceeds 1000 bytes",
    ],
  ])("fails when the server closes %s", async (_what, text, code, cause) => {
    const { client, servers, say } = setUp({ maxBodyBytes: 1000 });
    const error = caught(client.request({ method: "PUT", path: "/x" }));
    await say(0, text);
    servers[0]?.far.end();
    expect((await error).code).toBe(code);
    expect(causeChain(await error)).toContain(cause);
    const next = client.request({ method: "GET", path: "/y" });
    await say(1, ok("fine"));
    expect((await next).status).toBe(200);
  });

  test("gives the connection up at a timeout or a cancellation, and goes on with the next request", async () => {
    const { client, clock, servers, say } = setUp({ timeoutMs: 100 });
    const source = new CancelSource();
    const slow = caught(client.request({ method: "GET", path: "/slow" }));
    const queued = caught(client.request({ method: "GET", path: "/queued" }, { timeoutMs: 50 }));
    const cancelled = caught(
      client.request({ method: "GET", path: "/cancelled" }, { signal: source.signal, timeoutMs: 1000 }),
    );
    await settle();
    clock.advance(100);
    expect([(await slow).code, (await queued).code]).toEqual(["deadline-exceeded", "deadline-exceeded"]);
    await settle();
    expect(servers.map(({ closed, heard }) => [closed, heard.split(" ")[1]])).toEqual([
      [true, "/slow"],
      [false, "/cancelled"],
    ]);
    source.cancel();
    expect((await cancelled).code).toBe("cancelled");
    const last = client.request({ method: "GET", path: "/last" });
    await say(2, ok(""));
    await last;
    expect(clock.pendingTimers).toBe(0);
  });

  test("does not take bytes nobody asked for as an answer", async () => {
    const { client, servers, say } = setUp();
    const first = client.request({ method: "GET", path: "/" });
    await say(0, ok("a"));
    await first;
    await say(0, ok("poison"));
    const second = client.request({ method: "GET", path: "/" });
    await say(1, ok("b"));
    expect(utf8Decode((await second).body)).toBe("b");
    expect(servers[0]?.closed).toBe(true);
  });

  test("says so when it cannot connect, and when it was closed", async () => {
    const connect = () => Promise.reject(Object.assign(new Error("connect: no such file"), { code: "ENOENT" }));
    const client = new HttpClient({ connect, clock: new FakeClock() });
    const error = await caught(client.request({ method: "GET", path: "/" }));
    expect(error.code).toBe("unavailable");
    expect(causeChain(error)).toEqual(["GET / failed", "Cannot connect to the server", "connect: no such file"]);
    const open = setUp();
    const pending = caught(open.client.request({ method: "GET", path: "/" }));
    await settle();
    open.client.close();
    expect((await pending).code).toBe("unavailable");
    expect((await caught(open.client.request({ method: "GET", path: "/" }))).code).toBe("unavailable");
  });

  test.each([
    [{ method: "GET", path: "no-slash" }],
    [{ method: "GET", path: "/a b" }],
    [{ method: "GET", path: "/a\r\nX: y" }],
    [{ method: "GET", path: "/", headers: { "X-A": "a\r\nB: c" } }],
    [{ method: "GET", path: "/", headers: { "X A": "a" } }],
  ] as const)("refuses to send %j", async (request) => {
    expect((await caught(setUp().client.request(request))).code).toBe("invalid-argument");
  });
});

test("expectSuccess turns other statuses into errors that quote the server", async () => {
  const response = {
    status: 500,
    reason: "Internal Server Error",
    headers: new Map(),
    body: utf8Encode("<h1>oops</h1>\n"),
    keepAlive: true,
  };
  expect(expectSuccess({ ...response, status: 204 }, "x").status).toBe(204);
  const thrown = await caught(Promise.resolve().then(() => expectSuccess(response, "Cannot boot the VM")));
  expect(thrown.code).toBe("internal");
  expect(causeChain(thrown)).toEqual(["Cannot boot the VM", "HTTP 500 Internal Server Error: <h1>oops</h1>"]);
  const long = await caught(
    Promise.resolve().then(() =>
      expectSuccess({ ...response, status: 404, reason: "", body: new Uint8Array(1 << 20).fill(65) }, "x"),
    ),
  );
  expect(long.code).toBe("not-found");
  expect(causeChain(long)[1]?.length).toBeLessThan(1100);
});
