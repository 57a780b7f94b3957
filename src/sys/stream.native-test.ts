import { expect, type TestContext, test } from "../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { sleep } from "../base/clock.ts";
import { WOULD_BLOCK } from "./port/files.ts";
import { FdStream, type FdStreamOptions } from "./stream.ts";

/** A stream over one end of a socket pair, and the other end as a plain descriptor. */
function half({ sys, loop, cleanup }: TestContext, options: Partial<FdStreamOptions> = {}) {
  const [fd, peer] = sys.socketPair();
  const stream = new FdStream({ sys, loop }, { fd, ...options });
  const heard: string[] = [];
  const closed = new Promise<Error | undefined>((resolve) => {
    stream.start({ data: (chunk) => heard.push(utf8Decode(chunk)), close: resolve });
  });
  cleanup(() => stream.close());
  let peerOpen = true;
  const closePeer = () => {
    if (peerOpen) sys.close(peer);
    peerOpen = false;
  };
  cleanup(closePeer);
  return { stream, peer, heard, closed, closePeer };
}

test("FdStream carries bytes both ways over a socket pair and reports the end once", async ({ sys, loop }) => {
  const [a, b] = sys.socketPair();
  const left = new FdStream({ sys, loop }, { fd: a });
  const right = new FdStream({ sys, loop }, { fd: b });
  const heard: string[] = [];
  const closed = new Promise<void>((resolve) => {
    right.start({
      data: (chunk) => {
        heard.push(utf8Decode(chunk));
        right.write(utf8Encode("pong"));
      },
      close: (error) => {
        heard.push(`closed ${error}`);
        resolve();
      },
    });
  });
  const answered = new Promise<string>((resolve) =>
    left.start({ data: (chunk) => resolve(utf8Decode(chunk)), close: () => heard.push("left closed") }),
  );
  left.write(utf8Encode("ping"));
  expect(await answered).toBe("pong");
  left.end();
  await closed;
  expect(heard).toEqual(["ping", "left closed", "closed undefined"]);
});

test("a slow reader makes the writer wait: pendingBytes grows, drained resolves below the low-water mark", async (context) => {
  const { sys, loop } = context;
  const { stream, peer } = half(context);
  const chunk = new Uint8Array(256 * 1024).fill(1);
  for (let i = 0; i < 8; i++) stream.write(chunk);
  const stuck = stream.pendingBytes;
  expect(stuck).toBeGreaterThan(1_000_000);
  let drained = false;
  void stream.drained().then(() => {
    drained = true;
  });
  await sleep(loop, 5);
  expect(drained).toBe(false);
  expect(stream.pendingBytes).toBe(stuck);
  const buffer = new Uint8Array(100_000);
  let total = 0;
  let bytesWhenDrained = -1;
  while (total < 8 * chunk.length) {
    const count = sys.read(peer, buffer);
    if (count === WOULD_BLOCK) await sleep(loop, 0);
    else total += count;
    if (drained && bytesWhenDrained < 0) bytesWhenDrained = stream.pendingBytes;
  }
  expect(bytesWhenDrained).toBeLessThanOrEqual(64 * 1024);
  await stream.drained();
  expect(stream.pendingBytes).toBe(0);
});

test("pause stops reading, so that the peer's buffer fills; resume continues without loss", async (context) => {
  const { sys, loop } = context;
  let received = 0;
  const [fd, peer] = sys.socketPair();
  const stream = new FdStream({ sys, loop }, { fd });
  stream.start({
    data: (chunk) => {
      received += chunk.length;
    },
    close: () => {},
  });
  stream.pause();
  const chunk = new Uint8Array(65536);
  let sent = 0;
  for (let count = sys.write(peer, chunk); count !== WOULD_BLOCK; count = sys.write(peer, chunk)) sent += count;
  await sleep(loop, 5);
  expect(received).toBe(0);
  stream.resume();
  await sleep(loop, 20);
  expect(received).toBe(sent);
  stream.close();
  sys.close(peer);
});

test("a peer that hangs up while the stream is paused does not make the loop spin, and its bytes are not lost", async (context) => {
  const { sys, loop } = context;
  const { stream, peer, heard, closed, closePeer } = half(context);
  stream.pause();
  sys.write(peer, utf8Encode("last words"));
  closePeer();
  await sleep(loop, 10);
  const cpu = () => Number(sys.readText("/proc/self/stat").split(" ")[13]);
  const before = cpu();
  await sleep(loop, 100);
  expect(cpu() - before).toBeLessThan(5);
  expect(heard).toEqual([]);
  stream.resume();
  expect(await closed).toBeUndefined();
  expect(heard).toEqual(["last words"]);
});

test("end sends what is queued before it closes", async (context) => {
  const { sys, loop } = context;
  const { stream, peer, closed } = half(context);
  const chunk = new Uint8Array(1_000_000).fill(5);
  stream.write(chunk);
  stream.end();
  stream.write(utf8Encode("ignored"));
  let total = 0;
  const buffer = new Uint8Array(65536);
  for (;;) {
    const count = sys.read(peer, buffer);
    if (count === 0) break;
    if (count === WOULD_BLOCK) await sleep(loop, 0);
    else total += count;
  }
  expect(total).toBe(1_000_000);
  expect(await closed).toBeUndefined();
});

test("close drops what is queued and reports the error given", async (context) => {
  const { stream, closed } = half(context);
  stream.write(new Uint8Array(5_000_000));
  const waiting = stream.drained();
  stream.close(new Error("mine"));
  stream.close(new Error("too late"));
  expect((await closed)?.message).toBe("mine");
  await waiting;
  expect(stream.pendingBytes).toBe(0);
});

test("a peer that only stops sending still gets what is queued", async (context) => {
  const { sys, loop } = context;
  const { stream, peer, closed } = half(context);
  stream.write(new Uint8Array(2_000_000));
  sys.shutdown(peer, "write");
  await sleep(loop, 5);
  let total = 0;
  const buffer = new Uint8Array(65536);
  for (let count = sys.read(peer, buffer); count !== 0; count = sys.read(peer, buffer)) {
    if (count === WOULD_BLOCK) await sleep(loop, 0);
    else total += count;
  }
  expect(total).toBe(2_000_000);
  expect(await closed).toBeUndefined();
});

test("with onEnd the stream stays open for writing after the peer's end", async (context) => {
  const { sys, loop } = context;
  let ended = 0;
  const { stream, peer, closed } = half(context, { onEnd: () => void ended++ });
  sys.shutdown(peer, "write");
  await sleep(loop, 5);
  expect(ended).toBe(1);
  expect(stream.closed).toBe(false);
  stream.write(utf8Encode("answer"));
  const buffer = new Uint8Array(16);
  expect(sys.read(peer, buffer)).toBe(6);
  stream.end();
  expect(await closed).toBeUndefined();
  expect(sys.read(peer, buffer)).toBe(0);
});

test("endWriting half-closes: the peer sees the end, its answer still arrives", async (context) => {
  const { sys, loop } = context;
  const { stream, peer, heard, closed, closePeer } = half(context);
  stream.write(utf8Encode("question"));
  stream.endWriting();
  const buffer = new Uint8Array(16);
  expect(sys.read(peer, buffer)).toBe(8);
  expect(sys.read(peer, buffer)).toBe(0);
  sys.write(peer, utf8Encode("answer"));
  closePeer();
  expect(await closed).toBeUndefined();
  expect(heard).toEqual(["answer"]);
  await sleep(loop, 0);
});

test("a write that fails is reported from the loop, after what the peer sent before it went", async (context) => {
  const { sys } = context;
  const { stream, peer, heard, closed, closePeer } = half(context);
  sys.write(peer, utf8Encode("goodbye"));
  closePeer();
  let inside = true;
  void closed.then(() => expect(inside).toBe(false));
  stream.write(utf8Encode("too late"));
  stream.write(utf8Encode("too late"));
  inside = false;
  expect(await closed).toMatchObject({ code: "EPIPE" });
  expect(heard).toEqual(["goodbye"]);
});

test("a handler that throws closes the stream with its error", async (context) => {
  const { sys, loop } = context;
  const [fd, peer] = sys.socketPair();
  const stream = new FdStream({ sys, loop }, { fd });
  const closed = new Promise<Error | undefined>((resolve) => {
    stream.start({
      data: () => {
        throw new Error("cannot parse");
      },
      close: resolve,
    });
  });
  sys.write(peer, utf8Encode("x"));
  expect((await closed)?.message).toBe("cannot parse");
  expect(context.takeFaults()).toEqual([]);
  sys.close(peer);
});

test("many small queued chunks arrive whole and in order", async (context) => {
  const { sys, loop } = context;
  const { stream, peer } = half(context);
  stream.write(new Uint8Array(400_000));
  let expected = "";
  for (let i = 0; i < 5000; i++) {
    stream.write(utf8Encode(`${i};`));
    expected += `${i};`;
  }
  const parts: string[] = [];
  const buffer = new Uint8Array(50_000);
  let skip = 400_000;
  let length = 0;
  while (length < expected.length) {
    const count = sys.read(peer, buffer);
    if (count === WOULD_BLOCK) {
      await sleep(loop, 0);
      continue;
    }
    const fresh = buffer.subarray(Math.min(skip, count), count);
    skip -= Math.min(skip, count);
    parts.push(utf8Decode(fresh));
    length += fresh.length;
  }
  expect(parts.join("") === expected).toBe(true);
});

test("with hangUpMeansWait a read of nothing is no end; bytes after it arrive", async (context) => {
  const { sys, loop } = context;
  const dir = context.tempDir();
  const path = `${dir}/port`;
  sys.mkfifo(path, 0o600);
  // A FIFO whose writers come and go behaves as a port whose host end does: 0 bytes and a hang-up in between.
  const fd = sys.open(path, { nonBlocking: true });
  const stream = new FdStream({ sys, loop }, { fd, hangUpMeansWait: true });
  const heard: string[] = [];
  stream.start({ data: (chunk) => heard.push(utf8Decode(chunk)), close: () => heard.push("closed") });
  for (const word of ["one", "two", "three"]) {
    const writer = sys.open(path, { write: true, nonBlocking: true });
    sys.write(writer, utf8Encode(word));
    await sleep(loop, 5);
    sys.close(writer);
    const cpu = () => Number(sys.readText("/proc/self/stat").split(" ")[13]);
    const before = cpu();
    await sleep(loop, 50);
    expect(cpu() - before).toBeLessThan(4);
  }
  expect(heard).toEqual(["one", "two", "three"]);
  stream.pause();
  const writer = sys.open(path, { write: true, nonBlocking: true });
  sys.write(writer, utf8Encode("four"));
  await sleep(loop, 5);
  expect(heard).toHaveLength(3);
  stream.resume();
  await sleep(loop, 5);
  expect(heard[3]).toBe("four");
  sys.close(writer);
  stream.close();
  expect(heard.at(-1)).toBe("closed");
});

test("an edge-triggered stream reads more than one turn's worth", async (context) => {
  const { sys, loop } = context;
  const { stream, peer } = half(context, { hangUpMeansWait: true });
  const total = 6_000_000;
  stream.write(new Uint8Array(total));
  const other = new FdStream({ sys, loop }, { fd: sys.duplicate(peer), hangUpMeansWait: true });
  let received = 0;
  await new Promise<void>((resolve) => {
    other.start({
      data: (chunk) => {
        received += chunk.length;
        if (received === total) resolve();
      },
      close: () => {},
    });
  });
  expect(received).toBe(total);
  other.close();
});
