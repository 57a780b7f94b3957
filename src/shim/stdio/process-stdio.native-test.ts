import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Logger } from "../../base/logger.ts";
import type { RemoteStreams } from "../../sandbox/process-io.ts";
import { WOULD_BLOCK } from "../../sys/port/files.ts";
import { ProcessStdio } from "./process-stdio.ts";

/** The guest's side of a process's streams, fed and read by a test. */
class Remote implements RemoteStreams {
  readonly readsAtOnce = 3;
  readonly input: Uint8Array[] = [];
  inputEnded = false;
  /** How many writes are answered before the process stops reading. */
  accepts = Number.POSITIVE_INFINITY;
  private readonly ready: Uint8Array[] = [];
  private readonly readers: ((chunk: Uint8Array) => void)[] = [];
  private ended = false;

  readonly readStdout = (length: number): Promise<Uint8Array> =>
    new Promise((resolve) => {
      this.readers.push((chunk) => resolve(chunk.subarray(0, length)));
      this.serve();
    });
  readonly readStderr = async (): Promise<Uint8Array> => new Uint8Array(0);

  writeStdin(bytes: Uint8Array): Promise<void> {
    if (this.accepts-- <= 0) return new Promise(() => {});
    this.input.push(bytes.slice());
    return Promise.resolve();
  }

  async closeStdin(): Promise<void> {
    this.inputEnded = true;
  }

  print(chunk: Uint8Array | string): void {
    this.ready.push(typeof chunk === "string" ? utf8Encode(chunk) : chunk);
    this.serve();
  }

  end(): void {
    this.ended = true;
    this.serve();
  }

  private serve(): void {
    while (this.readers.length > 0 && (this.ready.length > 0 || this.ended)) {
      this.readers.shift()?.(this.ready.shift() ?? new Uint8Array(0));
    }
  }
}

function setUp(context: TestContext, names: { stdin?: string; stdout?: string } = {}) {
  const { sys, loop } = context;
  const dir = context.tempDir();
  const fifo = (name: string) => {
    sys.mkfifo(`${dir}/${name}`, 0o600);
    return `${dir}/${name}`;
  };
  const [warnings, infos]: [string[], string[]] = [[], []];
  const told: Readonly<Record<string, string[] | undefined>> = { warn: warnings, info: infos };
  const logger = new Logger(
    { sink: ({ level, message }) => void told[level]?.push(message), wallMs: () => 0 },
    { level: "debug" },
  );
  const io = new ProcessStdio(
    { sys, loop, logger },
    { stdin: names.stdin ?? fifo("stdin"), stdout: names.stdout ?? fifo("stdout"), stderr: "" },
    { containerId: "web", namespace: "test" },
  );
  const remote = new Remote();
  const wait = (ms: number) => new Promise<void>((resolve) => loop.setTimer(ms, resolve));
  /** Reads a descriptor to its end, or to what is there now. */
  const drain = (fd: number): Uint8Array => {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const buffer = new Uint8Array(65536);
      const count = sys.read(fd, buffer);
      if (count === WOULD_BLOCK || count === 0) return concatBytes(chunks);
      chunks.push(buffer.subarray(0, count));
    }
  };
  return { sys, loop, dir, io, remote, wait, drain, warnings, infos };
}

test("ProcessStdio: the last bytes before the end are delivered, then the FIFO ends", async (context) => {
  const { sys, dir, io, remote, wait, drain } = setUp(context);
  const reader = sys.open(`${dir}/stdout`, { nonBlocking: true });
  context.cleanup(() => sys.close(reader));
  io.start(remote);
  remote.print("one ");
  await wait(10);
  remote.print("two");
  remote.end();
  await io.finish();
  expect(utf8Decode(drain(reader))).toBe("one two");
  expect(sys.read(reader, new Uint8Array(1))).toBe(0);
});

test("ProcessStdio: a reader may come late; until then nothing is lost", async (context) => {
  const { sys, dir, io, remote, wait, drain } = setUp(context);
  io.start(remote);
  remote.print("early");
  await wait(20);
  const reader = sys.open(`${dir}/stdout`, { nonBlocking: true });
  context.cleanup(() => sys.close(reader));
  remote.end();
  await io.finish();
  expect(utf8Decode(drain(reader))).toBe("early");
});

test("ProcessStdio: a slow reader is waited for after the end, however much there is", async (context) => {
  const { sys, dir, io, remote, wait, drain } = setUp(context);
  const reader = sys.open(`${dir}/stdout`, { nonBlocking: true });
  context.cleanup(() => sys.close(reader));
  io.start(remote);
  const total = 1 << 20;
  for (let sent = 0; sent < total; sent += 65536) remote.print(new Uint8Array(65536).fill(sent >> 16));
  remote.end();
  let finished = false;
  const finishing = io.finish().then(() => {
    finished = true;
  });
  await wait(200);
  expect(finished).toBe(false);
  const received: Uint8Array[] = [];
  for (let bytes = 0; bytes < total; ) {
    const chunk = drain(reader);
    received.push(chunk);
    bytes += chunk.length;
    await wait(1);
  }
  await finishing;
  const all = concatBytes(received);
  expect(all.length).toBe(total);
  expect([all[0], all[65536], all[total - 1]]).toEqual([0, 1, 15]);
});

test("ProcessStdio: without any reader the end comes at once, and the loss is told", async (context) => {
  const { io, remote, wait, warnings } = setUp(context);
  io.start(remote);
  for (let i = 0; i < 16; i++) remote.print(new Uint8Array(65536));
  await wait(20);
  remote.end();
  await io.finish();
  expect(warnings).toEqual(["output is lost from here on"]);
});

test("ProcessStdio: a cut ends the wait for a reader that does not read", async (context) => {
  const { sys, dir, io, remote, loop } = setUp(context);
  const reader = sys.open(`${dir}/stdout`, { nonBlocking: true });
  context.cleanup(() => sys.close(reader));
  io.start(remote);
  for (let i = 0; i < 16; i++) remote.print(new Uint8Array(65536));
  const before = loop.nowMs();
  io.cut();
  await io.finish();
  expect(loop.nowMs() - before < 20_000).toBe(true);
});

test("ProcessStdio: input is copied up to the end of the FIFO, also when the writer comes late", async (context) => {
  const { sys, dir, io, remote, wait } = setUp(context);
  io.start(remote);
  await wait(20);
  expect(remote.inputEnded).toBe(false);
  const writer = sys.open(`${dir}/stdin`, { write: true, nonBlocking: true });
  sys.write(writer, utf8Encode("hello"));
  io.closeStdin();
  await wait(20);
  expect(remote.inputEnded).toBe(false);
  sys.write(writer, utf8Encode(" world"));
  sys.close(writer);
  await wait(20);
  expect(utf8Decode(concatBytes(remote.input))).toBe("hello world");
  expect(remote.inputEnded).toBe(true);
  remote.end();
  await io.finish();
});

test("ProcessStdio: writers of the input come and go until it is said to be closed", async (context) => {
  const { sys, dir, io, remote, wait } = setUp(context);
  const say = (text: string) => {
    const writer = sys.open(`${dir}/stdin`, { write: true, nonBlocking: true });
    sys.write(writer, utf8Encode(text));
    sys.close(writer);
  };
  io.start(remote);
  await wait(20);
  say("from one client, ");
  await wait(20);
  say("from the next");
  await wait(20);
  expect(remote.inputEnded).toBe(false);
  io.closeStdin();
  io.closeStdin();
  await wait(20);
  expect(utf8Decode(concatBytes(remote.input))).toBe("from one client, from the next");
  expect(remote.inputEnded).toBe(true);
  remote.end();
  await io.finish();
});

test("ProcessStdio: input whose writer went before the start ends with what it wrote", async (context) => {
  const { sys, dir, io, remote, wait } = setUp(context);
  const writer = sys.open(`${dir}/stdin`, { write: true, nonBlocking: true });
  sys.write(writer, utf8Encode("short"));
  sys.close(writer);
  await wait(20);
  io.start(remote);
  await wait(20);
  expect(utf8Decode(concatBytes(remote.input))).toBe("short");
  expect(remote.inputEnded).toBe(true);
  remote.end();
  await io.finish();
});

test("ProcessStdio: input that is closed without ever having had a writer ends", async (context) => {
  for (const early of [true, false]) {
    const { io, remote, wait } = setUp(context);
    if (early) io.closeStdin();
    io.start(remote);
    await wait(20);
    if (!early) io.closeStdin();
    await wait(20);
    expect(remote.inputEnded).toBe(true);
    remote.end();
    await io.finish();
  }
});

test("ProcessStdio: input from a file and a device ends with it; what cannot be read is told once", async (context) => {
  const file = `${context.tempDir()}/input`;
  context.sys.writeFile(file, "text", 0o600);
  for (const { stdin, ends } of [
    { stdin: `file://${file}`, ends: true },
    { stdin: "/dev/null", ends: true },
    { stdin: "/proc/self", ends: false },
  ]) {
    const { io, remote, wait, infos } = setUp(context, { stdin });
    io.start(remote);
    await wait(50);
    expect([stdin, remote.inputEnded]).toEqual([stdin, ends]);
    expect(infos).toEqual(ends ? [] : ["no more input reaches the process"]);
    remote.end();
    await io.finish();
  }
});

test("ProcessStdio: a process that does not read holds up the FIFO", async (context) => {
  const { sys, dir, io, remote, wait } = setUp(context);
  remote.accepts = 1;
  io.start(remote);
  const writer = sys.open(`${dir}/stdin`, { write: true, nonBlocking: true });
  context.cleanup(() => sys.close(writer));
  let taken = 0;
  for (let round = 0; round < 50; round++) {
    const count = sys.write(writer, new Uint8Array(65536));
    if (count !== WOULD_BLOCK) taken += count;
    await wait(2);
  }
  // The pipe, and the chunks under way.
  expect(taken < 65536 * 6).toBe(true);
  remote.end();
  await io.finish();
});

test("ProcessStdio: without names the output is dropped and the input ends at once", async (context) => {
  const { sys, loop } = context;
  const logger = new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" });
  const names = { stdin: "", stdout: "", stderr: "" };
  const io = new ProcessStdio({ sys, loop, logger }, names, { containerId: "web", namespace: "test" });
  const remote = new Remote();
  io.start(remote);
  remote.print(new Uint8Array(1 << 20));
  remote.end();
  await io.finish();
  expect(remote.inputEnded).toBe(true);
});

test("ProcessStdio: a file is appended to, its directory is made", async (context) => {
  const dir = context.tempDir();
  const { sys, io, remote } = setUp(context, { stdin: "", stdout: `file://${dir}/logs/with%20blank/out` });
  io.start(remote);
  remote.print("line\n");
  remote.end();
  await io.finish();
  expect(sys.readText(`${dir}/logs/with blank/out`)).toBe("line\n");
});
