import { concatBytes } from "../base/bytes.ts";
import type { CallOptions } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import type { Loop } from "./loop.ts";
import { WOULD_BLOCK } from "./port/files.ts";
import type { ExitStatus, SpawnOptions } from "./port/processes.ts";
import { signals } from "./signals.ts";
import type { Sys } from "./sys.ts";

/** A program to run to its end. */
export interface CaptureOptions extends CallOptions {
  /** What to start; descriptors 1 and 2 are taken by the capture. */
  readonly spawn: Omit<SpawnOptions, "fds">;
  /** Bytes of standard output that are kept, from its beginning. Default 1 MiB. */
  readonly stdoutLimit?: number;
  /** Bytes of standard error that are kept, from its end. Default 64 KiB. */
  readonly stderrLimit?: number;
  /** Told of each piece of output as it comes; borrowed. */
  readonly onOutput?: (from: "stdout" | "stderr", chunk: Uint8Array) => void;
}

/** How the program went. */
export interface Captured {
  readonly status: ExitStatus;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * Runs a program with an empty standard input and collects what it says. Resolves when it has ended and both outputs
 * are at their end, whatever its exit code. Throws SysError when it cannot be started; `cancelled` or
 * `deadline-exceeded` after killing it.
 */
export async function capture(
  deps: { readonly sys: Sys; readonly loop: Loop },
  options: CaptureOptions,
): Promise<Captured> {
  const { loop, sys } = deps;
  const [outRead, outWrite] = sys.pipe();
  const [errRead, errWrite] = sys.pipe();
  let pid: number;
  try {
    pid = sys.spawn({ ...options.spawn, fds: [-1, outWrite, errWrite] });
  } catch (error) {
    sys.close(outRead);
    sys.close(errRead);
    throw error;
  } finally {
    sys.close(outWrite);
    sys.close(errWrite);
  }
  let failure: KataError | undefined;
  const giveUp = (error: KataError) => {
    failure = error;
    sys.kill(pid, signals.SIGKILL);
  };
  const { signal, timeoutMs } = options;
  const abort = () => giveUp(KataError.from(signal?.reason, "cancelled"));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const timer =
    timeoutMs === undefined
      ? undefined
      : loop.setTimer(timeoutMs, () =>
          giveUp(new KataError("deadline-exceeded", `${options.spawn.path} did not end within ${timeoutMs} ms`)),
        );
  const first = new Kept(options.stdoutLimit ?? 1 << 20, "first");
  const last = new Kept(options.stderrLimit ?? 64 << 10, "last");
  const status = loop.exited(pid);
  await Promise.all([
    readAll(deps, outRead, (chunk) => {
      first.add(chunk);
      options.onOutput?.("stdout", chunk);
    }),
    readAll(deps, errRead, (chunk) => {
      last.add(chunk);
      options.onOutput?.("stderr", chunk);
    }),
    status,
  ]);
  timer?.cancel();
  signal?.removeEventListener("abort", abort);
  if (failure !== undefined) throw failure;
  return { status: await status, stdout: first.bytes(), stderr: last.bytes() };
}

/** A bounded piece of a stream: its beginning or its end. */
class Kept {
  private readonly limit: number;
  private readonly which: "first" | "last";
  private chunks: Uint8Array[] = [];
  private size = 0;

  constructor(limit: number, which: "first" | "last") {
    this.limit = limit;
    this.which = which;
  }

  add(chunk: Uint8Array): void {
    if (this.which === "first") {
      const part = chunk.slice(0, this.limit - this.size);
      if (part.length > 0) this.chunks.push(part);
      this.size += part.length;
      return;
    }
    this.chunks.push(chunk.slice());
    this.size += chunk.length;
    if (this.size <= 2 * this.limit) return;
    this.chunks = [this.bytes()];
    this.size = this.limit;
  }

  bytes(): Uint8Array {
    const all = concatBytes(this.chunks);
    return this.which === "first" ? all : all.slice(Math.max(0, all.length - this.limit));
  }
}

function readAll(
  { loop, sys }: { readonly sys: Sys; readonly loop: Loop },
  fd: number,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(16 << 10);
  sys.setNonBlocking(fd, true);
  return new Promise((resolve) => {
    const watch = loop.watch(fd, { read: true }, () => {
      const count = sys.read(fd, buffer);
      if (count === WOULD_BLOCK) return;
      if (count > 0) {
        take(buffer.subarray(0, count));
        return;
      }
      watch.stop();
      sys.close(fd);
      resolve();
    });
  });
}
