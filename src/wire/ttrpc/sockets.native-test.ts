import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { sleep } from "../../base/clock.ts";
import { causeChain, type KataError } from "../../base/error.ts";
import { Logger } from "../../base/logger.ts";
import { connectStream, listenStreams } from "../../sys/connect.ts";
import { echoService } from "../testing/echo-service.ts";
import { TtrpcClient } from "./client.ts";
import { createClient } from "./create-client.ts";
import { TtrpcServer } from "./server.ts";

/** A server on a unix socket, and a client of it. */
async function setUp(context: TestContext) {
  const { sys, loop, cleanup } = context;
  const path = `${context.tempDir()}/ttrpc.sock`;
  const logger = new Logger({ sink: () => undefined, wallMs: () => 0 }, { level: "error" });
  const server = new TtrpcServer({ clock: loop, logger });
  let cancelled = 0;
  server.register(echoService, {
    echo: async (request) => request,
    blob: (request) => ({ raw: [request] }),
    wait: (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          cancelled++;
          reject(signal.reason);
        });
      }),
    count: async function* (request) {
      for (let i = 0; i < Number(request); i++) yield String(i);
    },
  });
  const listener = listenStreams(sys, loop, { kind: "unix", path }, (stream, fd) => server.serve(stream, sys.peer(fd)));
  cleanup(() => listener.close());
  cleanup(() => server.close());
  const connection = new TtrpcClient({ stream: await connectStream(sys, loop, { kind: "unix", path }), clock: loop });
  cleanup(() => connection.close());
  return { server, connection, echo: createClient(echoService, connection), cancelled: () => cancelled };
}

function fill(size: number, seed: number): Uint8Array {
  return new Uint8Array(size).map((_, i) => (i * 31 + seed) & 255);
}

test(
  "ttrpc over a unix socket: small and big calls at once, unharmed",
  async (context) => {
    const { echo } = await setUp(context);
    const small = Array.from({ length: 500 }, (_, i) => echo.echo(`call ${i}`));
    const sizes = [0, 1, 65_536, 131_073, 1 << 20, (4 << 20) - 64];
    const big = sizes.map(async (size, seed) => {
      const bytes = fill(size, seed);
      const answer = await echo.blob({ raw: [bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)] });
      return answer.length === size && answer.every((byte, i) => byte === bytes[i]);
    });
    expect(await Promise.all(small)).toEqual(Array.from({ length: 500 }, (_, i) => `call ${i}`));
    expect(await Promise.all(big)).toEqual(sizes.map(() => true));
    const items: string[] = [];
    for await (const item of echo.count("300")) items.push(item);
    expect(items.length).toBe(300);
  },
  { timeoutMs: 30_000 },
);

test("ttrpc over a unix socket: deadlines fire on both sides, a lost client cancels its calls", async (context) => {
  const { echo, connection, server, cancelled } = await setUp(context);
  const late = await echo.wait("", { timeoutMs: 20 }).catch((error: unknown) => error);
  expect((late as KataError).code).toBe("deadline-exceeded");
  await sleep(context.loop, 20);
  expect(cancelled()).toBe(1);
  const lost = echo.wait("").catch((error: unknown) => error);
  await echo.echo("sent before");
  connection.close();
  expect(causeChain(await lost)).toEqual([
    "No connection for /test.v1.Echo/Wait",
    "The connection was closed by this side",
  ]);
  while (server.connectionCount > 0) await sleep(context.loop, 1);
  expect(cancelled()).toBe(2);
});
