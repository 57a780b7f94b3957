import { utf8Decode } from "../../src/base/bytes.ts";
import { WOULD_BLOCK } from "../../src/sys/port/files.ts";
import type { ExitStatus, SpawnOptions } from "../../src/sys/port/processes.ts";
import type { TestContext } from "./runner.ts";

/** What a finished program left. */
export interface Finished {
  readonly status: ExitStatus;
  /** Standard output and standard error together. */
  readonly output: string;
}

/** Runs a program to its end and collects what it wrote. */
export async function runToEnd(context: TestContext, options: SpawnOptions): Promise<Finished> {
  const { sys, loop } = context;
  const [read, write] = sys.pipe();
  sys.setNonBlocking(read, true);
  let pid: number;
  try {
    const [input = -1, , , ...more] = options.fds ?? [];
    pid = sys.spawn({ ...options, fds: [input, write, write, ...more] });
  } catch (error) {
    sys.close(read);
    throw error;
  } finally {
    sys.close(write);
  }
  const parts: string[] = [];
  const buffer = new Uint8Array(4096);
  await new Promise<void>((resolve) => {
    const watch = loop.watch(read, { read: true }, () => {
      const count = sys.read(read, buffer);
      if (count === WOULD_BLOCK) return;
      if (count > 0) parts.push(utf8Decode(buffer.subarray(0, count)));
      else {
        watch.stop();
        resolve();
      }
    });
  });
  sys.close(read);
  return { status: await loop.exited(pid), output: parts.join("") };
}

/** Runs a shell script; `options` add to what spawn is told. */
export function shell(context: TestContext, script: string, options: Partial<SpawnOptions> = {}): Promise<Finished> {
  return runToEnd(context, {
    path: "/bin/sh",
    argv: ["sh", "-c", script],
    env: ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"],
    ...options,
  });
}
