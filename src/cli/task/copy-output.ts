import { isErrno } from "../../sys/error.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import { WOULD_BLOCK } from "../../sys/port/files.ts";
import { pump } from "../../sys/pump.ts";
import type { Sys } from "../../sys/sys.ts";
import type { ContainerLog } from "../state/log-file.ts";
import type { LogStream } from "../state/log-frames.ts";

/** Where a process's output goes: a descriptor (non-blocking, or a regular file), a log, or both. */
export interface OutputTarget {
  readonly fd: number | undefined;
  readonly log: ContainerLog | undefined;
  readonly stream: LogStream;
}

/** A running copy of a process's output. */
export interface OutputCopy {
  /** Resolves at the output's end, or after finish(). Rejects with SysError EPIPE when nobody takes the output any more. */
  readonly done: Promise<void>;
  /** The process has ended: delivers what the FIFO still holds, then ends. */
  finish(): void;
  stop(): void;
}

/** Copies from a FIFO to the target at the target's pace; by splice(2) when nothing has to be logged. */
export function copyOutput(
  deps: { readonly sys: Sys; readonly loop: Loop },
  from: number,
  target: OutputTarget,
): OutputCopy {
  if (target.log === undefined && target.fd !== undefined) {
    const pumped = pump(deps, from, target.fd);
    return { done: pumped.done.then(() => {}), finish: () => pumped.finish(), stop: () => pumped.stop() };
  }
  return new LoggedCopy(deps, from, target);
}

const bufferBytes = 64 << 10;

/** Reads a piece, logs it, and reads on once the descriptor has taken it. */
class LoggedCopy implements OutputCopy {
  readonly done: Promise<void>;
  private readonly sys: Sys;
  private readonly loop: Loop;
  private readonly from: number;
  private readonly target: OutputTarget;
  private readonly buffer = new Uint8Array(bufferBytes);
  private source: Watch | undefined;
  private sink: Watch | undefined;
  private start = 0;
  private end = 0;
  private finishing = false;
  private over = false;
  private resolve: () => void = () => {};
  private reject: (error: unknown) => void = () => {};

  constructor(deps: { readonly sys: Sys; readonly loop: Loop }, from: number, target: OutputTarget) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.from = from;
    this.target = target;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.watchSource();
  }

  finish(): void {
    if (this.over || this.finishing) return;
    this.finishing = true;
    this.loop.setTimer(0, () => this.guarded(() => this.endIfEmpty()));
  }

  stop(): void {
    if (this.over) return;
    this.release();
    this.resolve();
  }

  private read(): void {
    const count = this.sys.read(this.from, this.buffer);
    if (count === 0) {
      this.stop();
    } else if (count === WOULD_BLOCK) {
      this.endIfEmpty();
    } else {
      this.target.log?.append(this.target.stream, this.buffer.subarray(0, count));
      this.start = 0;
      this.end = count;
      this.write();
    }
  }

  private write(): void {
    const { fd } = this.target;
    while (fd !== undefined && this.start < this.end) {
      const written = this.sys.write(fd, this.buffer, this.start, this.end - this.start);
      if (written === WOULD_BLOCK) {
        this.waitForSink(fd);
        return;
      }
      this.start += written;
    }
    this.start = this.end;
    this.sink?.stop();
    this.sink = undefined;
    this.watchSource();
    this.endIfEmpty();
  }

  // A watch without interest would still hear of hang-ups, over and over: the idle side is not watched at all.
  private watchSource(): void {
    this.source ??= this.loop.watch(this.from, { read: true }, () => this.guarded(() => this.read()));
  }

  private waitForSink(fd: number): void {
    this.source?.stop();
    this.source = undefined;
    this.sink ??= this.loop.watch(fd, { write: true }, () => this.guarded(() => this.write()));
  }

  private endIfEmpty(): void {
    if (this.finishing && this.start === this.end && this.sys.readable(this.from) === 0) this.stop();
  }

  private guarded(step: () => void): void {
    if (this.over) return;
    try {
      step();
    } catch (error) {
      this.release();
      this.reject(error);
    }
  }

  private release(): void {
    this.over = true;
    this.source?.stop();
    this.sink?.stop();
  }
}

/** Whether a copy ended because its reader went away. */
export function isBrokenPipe(error: unknown): boolean {
  return isErrno(error, "EPIPE");
}
