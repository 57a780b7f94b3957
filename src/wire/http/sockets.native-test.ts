import { expect, test } from "../../../test/native/runner.ts";
import { utf8Decode } from "../../base/bytes.ts";
import { Logger } from "../../base/logger.ts";
import { connectStream, listenStreams } from "../../sys/connect.ts";
import { HttpClient } from "./client.ts";
import { HttpServer } from "./server.ts";

test("HTTP over a unix socket: one connection, big bodies, and the peer's end is noticed", async (context) => {
  const { sys, loop, cleanup } = context;
  const path = `${context.tempDir()}/http.sock`;
  const logger = new Logger({ sink: () => undefined, wallMs: () => 0 }, { level: "error" });
  const server = new HttpServer({ clock: loop, logger }, { maxBodyBytes: 4 << 20 });
  server.route("GET", "/metrics", () => ({ body: "kata_up 1\n" }));
  server.route("PUT", "/echo", ({ body }) => ({ body }));
  let accepted = 0;
  const listener = listenStreams(sys, loop, { kind: "unix", path }, (stream) => {
    accepted++;
    server.serve(stream);
  });
  cleanup(() => listener.close());
  const client = new HttpClient({
    connect: (options) => connectStream(sys, loop, { kind: "unix", path }, options),
    clock: loop,
  });
  cleanup(() => client.close());
  cleanup(() => server.close());
  for (let i = 0; i < 50; i++) {
    expect(utf8Decode((await client.request({ method: "GET", path: "/metrics" })).body)).toBe("kata_up 1\n");
  }
  const body = new Uint8Array(3 << 20).map((_, i) => i & 255);
  const { body: echoed } = await client.request({ method: "PUT", path: "/echo", body });
  expect(echoed.length === body.length && echoed.every((byte, i) => byte === body[i])).toBe(true);
  expect(accepted).toBe(1);
  server.close();
  expect((await client.request({ method: "GET", path: "/metrics" })).status).toBe(200);
  expect(accepted).toBe(2);
});
