import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { sleep } from "../../base/clock.ts";
import { ConsoleSocket } from "./console.ts";
import type { ProcessOutput } from "./output.ts";
import { closeStdio, openPipes, terminalStdio } from "./stdio.ts";

/** Pipes as a process has them; the child's ends are closed by the test or at its end. */
function pipes(context: TestContext, bytes = 65536) {
  const { sys } = context;
  const { stdio, childFds } = openPipes(context, bytes);
  const open = new Set(childFds);
  const closeChild = (fd: number) => {
    if (open.delete(fd)) sys.close(fd);
  };
  context.cleanup(() => {
    for (const fd of open) sys.close(fd);
    closeStdio(stdio);
  });
  const [stdin, stdout, stderr] = childFds;
  return { stdio, stdin, stdout, stderr, closeChild };
}

async function text(output: ProcessOutput): Promise<string> {
  let all = "";
  for (let chunk = await output.read(65536); chunk.length > 0; chunk = await output.read(65536))
    all += utf8Decode(chunk);
  return all;
}

test("agent stdio: readers wait for data and are served in order", async (context) => {
  const { stdio, stdout, closeChild } = pipes(context);
  const reads = [stdio.stdout.read(3), stdio.stdout.read(100), stdio.stdout.read(100)];
  context.sys.write(stdout, utf8Encode("abcdef"));
  expect(utf8Decode((await reads[0]) ?? new Uint8Array(0))).toBe("abc");
  expect(utf8Decode((await reads[1]) ?? new Uint8Array(0))).toBe("def");
  closeChild(stdout);
  expect((await reads[2])?.length).toBe(0);
  expect((await stdio.stdout.read(10)).length).toBe(0);
});

test("agent stdio: a cancelled read takes no data", async (context) => {
  const { stdio, stdout } = pipes(context);
  let abort: () => void = () => {};
  const signal = {
    aborted: false,
    reason: new Error("gone"),
    addEventListener: (_type: "abort", listener: () => void) => {
      abort = listener;
    },
    removeEventListener: () => {},
  };
  const lost = stdio.stdout.read(10, signal).then(
    () => "data",
    (error: Error) => error.message,
  );
  abort();
  expect(await lost).toBe("gone");
  context.sys.write(stdout, utf8Encode("kept"));
  expect(utf8Decode(await stdio.stdout.read(10))).toBe("kept");
});

test("agent stdio: what was written before the end is read after it", async (context) => {
  const { stdio, stdout, closeChild } = pipes(context);
  context.sys.write(stdout, utf8Encode("last words"));
  closeChild(stdout);
  stdio.stdout.processEnded();
  await sleep(context.loop, 600);
  expect(await text(stdio.stdout)).toBe("last words");
});

test("agent stdio: an output held by a grandchild ends after the grace period, data first", async (context) => {
  const { stdio, stdout } = pipes(context);
  context.sys.write(stdout, utf8Encode("data"));
  stdio.stdout.processEnded();
  const started = context.loop.nowMs();
  expect(await text(stdio.stdout)).toBe("data");
  const took = context.loop.nowMs() - started;
  expect(took >= 450 && took < 20_000).toBe(true);
});

test("agent stdio: a write is answered when the process read it, and others go on", async (context) => {
  const { stdio, stdin } = pipes(context, 4096);
  const { sys, loop } = context;
  let done = false;
  const write = stdio.stdin.write(new Uint8Array(300_000)).then((count) => {
    done = true;
    return count;
  });
  const second = stdio.stdin.write(utf8Encode("tail"));
  stdio.stdin.close();
  await sleep(loop, 20);
  expect(done).toBe(false);
  let total = 0;
  const buffer = new Uint8Array(65536);
  sys.setNonBlocking(stdin, true);
  while (total < 300_004) {
    total += Math.max(0, sys.read(stdin, buffer));
    await sleep(loop, 0);
  }
  expect(await write).toBe(300_000);
  expect(await second).toBe(4);
  expect(sys.read(stdin, buffer)).toBe(0);
});

test("agent stdio: writes to a process that does not read any more fail", async (context) => {
  const { stdio, stdin, closeChild } = pipes(context);
  closeChild(stdin);
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => "done",
      (error: { code: string }) => error.code,
    );
  expect(await failure(stdio.stdin.write(utf8Encode("x")))).toBe("failed-precondition");
  expect(await failure(stdio.stdin.write(utf8Encode("y")))).toBe("failed-precondition");
});

test("agent stdio: a reader that is not there does not make the loop spin", async (context) => {
  const { stdio, stdout, closeChild } = pipes(context);
  const first = stdio.stdout.read(1);
  context.sys.write(stdout, utf8Encode("xyz"));
  await first;
  closeChild(stdout);
  const busy = () => {
    const fields = context.sys
      .readText("/proc/self/stat")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = busy();
  await sleep(context.loop, 300);
  expect(busy() - before <= 10).toBe(true);
});

test("agent stdio: a terminal's end is the end of its output", async (context) => {
  const { sys } = context;
  const { master, slavePath } = sys.openPty();
  const slave = sys.open(slavePath, { read: true, write: true });
  const stdio = terminalStdio(context, master);
  context.cleanup(() => closeStdio(stdio));
  sys.write(slave, utf8Encode("hello\n"));
  expect(utf8Decode(await stdio.stdout.read(100))).toBe("hello\r\n");
  await stdio.stdin.write(utf8Encode("typed\n"));
  const buffer = new Uint8Array(100);
  expect(utf8Decode(buffer.subarray(0, sys.read(slave, buffer)))).toBe("typed\n");
  sys.close(slave);
  // The echo of what was typed comes first.
  expect(await text(stdio.stdout)).toBe("typed\r\n");
});

test("agent console: takes the terminal that crun sends, even before the event is handled", async (context) => {
  const { sys, loop } = context;
  const path = `${context.tempDir()}/console.sock`;
  const socket = new ConsoleSocket(context, path);
  const sender = sys.connect({ kind: "unix", path });
  const { master, slavePath } = sys.openPty();
  sys.sendDescriptors(sender, utf8Encode(slavePath), [master]);
  sys.close(master);
  sys.close(sender);
  const received = socket.take();
  expect(sys.isTerminal(received)).toBe(true);
  sys.close(received);
  await sleep(loop, 10);
  socket.close();
  expect(sys.exists(path)).toBe(false);
});

test("agent console: says when no terminal came", (context) => {
  const socket = new ConsoleSocket(context, `${context.tempDir()}/console.sock`);
  context.cleanup(() => socket.close());
  expect(() => socket.take()).toThrow("no terminal");
});
