import { expect, test } from "../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { CancelSource } from "../base/cancel.ts";
import { sleep } from "../base/clock.ts";
import { connectStream, listenStreams } from "./connect.ts";
import type { FdStream } from "./stream.ts";

test("listenStreams serves many connections at once", async ({ sys, loop, tempDir }) => {
  const address = { kind: "unix", path: `${tempDir()}/s` } as const;
  let open = 0;
  const listener = listenStreams(sys, loop, address, (stream) => {
    open++;
    stream.start({ data: (chunk) => stream.write(chunk.slice()), close: () => open-- });
  });
  const streams = await Promise.all(Array.from({ length: 300 }, () => connectStream(sys, loop, address)));
  const answers = await Promise.all(
    streams.map(
      (stream, i) =>
        new Promise<string>((resolve) => {
          stream.start({ data: (chunk) => resolve(utf8Decode(chunk)), close: () => resolve("closed") });
          stream.write(utf8Encode(`message ${i}`));
        }),
    ),
  );
  expect(answers.every((answer, i) => answer === `message ${i}`)).toBe(true);
  expect(open).toBe(300);
  for (const stream of streams) stream.close();
  await sleep(loop, 20);
  expect(open).toBe(0);
  listener.close();
  listener.close();
  await expect(connectStream(sys, loop, address)).rejects.toThrow({
    code: "ECONNREFUSED",
    message: `connect unix:${address.path}: Connection refused (ECONNREFUSED)`,
  });
});

test("connectStream over TCP names the address when it is refused", async ({ sys, loop }) => {
  const address = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
  await expect(connectStream(sys, loop, address)).rejects.toThrow({ code: "ECONNREFUSED", subject: "tcp:127.0.0.1:1" });
});

test("connectStream waits for room in a full backlog, and gives up in time", async ({ sys, loop, tempDir }) => {
  const path = `${tempDir()}/s`;
  const fd = sys.listen({ kind: "unix", path }, { backlog: 1 });
  const taken = [0, 1].map(() => sys.connect({ kind: "unix", path }));
  const start = loop.nowMs();
  await expect(connectStream(sys, loop, { kind: "unix", path }, { timeoutMs: 40 })).rejects.toThrow({
    code: "deadline-exceeded",
  });
  expect(loop.nowMs() - start).toBeGreaterThanOrEqual(40);
  const waiting = connectStream(sys, loop, { kind: "unix", path });
  await sleep(loop, 10);
  const accepted = [sys.accept(fd), sys.accept(fd)];
  const stream: FdStream = await waiting;
  stream.close();
  for (const open of [fd, ...taken, ...accepted]) sys.close(open);
});

test("connectStream can be cancelled before and during the attempt", async ({ sys, loop, tempDir }) => {
  const path = `${tempDir()}/s`;
  const fd = sys.listen({ kind: "unix", path }, { backlog: 0 });
  const taken = sys.connect({ kind: "unix", path });
  const source = new CancelSource();
  const attempt = connectStream(sys, loop, { kind: "unix", path }, { signal: source.signal });
  loop.setTimer(5, () => source.cancel());
  await expect(attempt).rejects.toThrow({ code: "cancelled" });
  await expect(connectStream(sys, loop, { kind: "unix", path }, { signal: source.signal })).rejects.toThrow({
    code: "cancelled",
  });
  sys.close(taken);
  sys.close(fd);
});

test("a listener that runs out of descriptors reports it, pauses, and goes on", async (context) => {
  const { sys, loop } = context;
  const address = { kind: "unix", path: `${context.tempDir()}/s` } as const;
  let accepted = 0;
  const listener = listenStreams(sys, loop, address, (stream) => {
    accepted++;
    stream.start({ data: () => {}, close: () => {} });
    loop.setTimer(300, () => stream.close());
  });
  const used = sys.readDir("/proc/self/fd").length;
  const limits = /Max open files +(\d+) +(\d+)/.exec(sys.readText("/proc/self/limits"));
  const client = sys.connect(address);
  sys.setRlimit("nofile", 3n, BigInt(limits?.[2] ?? 1024));
  await sleep(loop, 30);
  sys.setRlimit("nofile", BigInt(limits?.[1] ?? 1024), BigInt(limits?.[2] ?? 1024));
  expect(context.takeFaults()).toMatchObject([{ code: "EMFILE" }]);
  expect(accepted).toBe(0);
  await sleep(loop, 120);
  expect(accepted).toBe(1);
  expect(used).toBeGreaterThan(3);
  await sleep(loop, 320);
  listener.close();
  sys.close(client);
});
