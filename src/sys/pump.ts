import { isErrno } from "./error.ts";
import type { Loop, Watch } from "./loop.ts";
import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";

/** What a pump needs of the system. */
export interface PumpDeps {
  readonly sys: Pick<FilesPort, "read" | "write" | "splice" | "readable" | "fstat">;
  readonly loop: Loop;
}

/** A running copy. */
export interface Pump {
  /** Resolves with the bytes moved, at the source's end or after stop() or finish(). Rejects with the SysError of either side. */
  readonly done: Promise<number>;
  /** Bytes moved so far. */
  readonly bytes: number;
  /** Ends at once. */
  stop(): void;
  /** Moves what the source holds now, then ends: for a source that somebody else may keep open for ever. */
  finish(): void;
}

const spliceBytes = 1024 * 1024;
const copyBytes = 64 * 1024;
// Moved in one turn, so that other descriptors get theirs.
const bytesPerTurn = 4 * 1024 * 1024;

/**
 * Copies from one descriptor to another with back-pressure, through splice(2) when one of them is a pipe. Both must be
 * non-blocking, or regular files. Neither is closed. A FIFO without a writer so far is waited for, not at its end.
 */
export function pump(deps: PumpDeps, from: number, to: number): Pump {
  return new FdPump(deps, from, to);
}

class FdPump implements Pump {
  readonly done: Promise<number>;
  bytes = 0;
  private readonly deps: PumpDeps;
  private readonly from: number;
  private readonly to: number;
  private readonly watches: Watch[] = [];
  private resolve: (bytes: number) => void = () => {};
  private reject: (error: unknown) => void = () => {};
  private readonly fromTerminal: boolean;
  private splicing: boolean;
  /** Before its first event, a FIFO reads as ended while its writer is merely late. */
  private sourceSeen: boolean;
  private finishing = false;
  private over = false;
  private scheduled = false;
  private buffer: Uint8Array | undefined;
  private start = 0;
  private end = 0;

  constructor(deps: PumpDeps, from: number, to: number) {
    this.deps = deps;
    this.from = from;
    this.to = to;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const source = deps.sys.fstat(from).kind;
    const target = deps.sys.fstat(to).kind;
    this.splicing = source === "fifo" || target === "fifo";
    this.fromTerminal = source === "char";
    this.sourceSeen = source === "file";
    if (source !== "file") {
      this.watches.push(
        deps.loop.watch(from, { read: true, edge: true }, () => {
          this.sourceSeen = true;
          this.turn();
        }),
      );
    }
    if (target !== "file") this.watches.push(deps.loop.watch(to, { write: true, edge: true }, () => this.turn()));
    if (this.sourceSeen) this.later();
  }

  stop(): void {
    if (this.over) return;
    this.release();
    this.resolve(this.bytes);
  }

  finish(): void {
    this.finishing = true;
    this.later();
  }

  private release(): void {
    this.over = true;
    for (const watch of this.watches) watch.stop();
    this.buffer = undefined;
  }

  private later(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.deps.loop.setTimer(0, () => {
      this.scheduled = false;
      this.turn();
    });
  }

  /** Moves until one side has to wait. Both watches are edge-triggered: whichever changes brings the next turn. */
  private turn(): void {
    if (this.over) return;
    if (!this.sourceSeen && !this.finishing) return;
    try {
      if (!this.sourceSeen && this.deps.sys.readable(this.from) === 0) {
        this.stop();
        return;
      }
      const before = this.bytes;
      while (this.bytes - before < bytesPerTurn) {
        const outcome = this.splicing ? this.spliceOnce() : this.copyOnce();
        if (outcome === "moved") continue;
        if (outcome === "ended" || (outcome === "empty" && this.finishing)) this.stop();
        return;
      }
      this.later();
    } catch (error) {
      this.release();
      this.reject(error);
    }
  }

  private spliceOnce(): "moved" | "ended" | "empty" | "full" {
    const { sys } = this.deps;
    try {
      const moved = sys.splice(this.from, this.to, spliceBytes);
      if (moved === 0) return "ended";
      if (moved === WOULD_BLOCK) return this.finishing && sys.readable(this.from) === 0 ? "empty" : "full";
      this.bytes += moved;
      return "moved";
    } catch (error) {
      if (this.hungUp(error)) return "ended";
      if (!isErrno(error, "EINVAL")) throw error;
      // Not every file can be spliced: terminals of older kernels, files opened for appending.
      this.splicing = false;
      return "moved";
    }
  }

  private copyOnce(): "moved" | "ended" | "empty" | "full" {
    const { sys } = this.deps;
    this.buffer ??= new Uint8Array(copyBytes);
    if (this.start === this.end) {
      const count = this.readSource(this.buffer);
      if (count === 0) return "ended";
      if (count === WOULD_BLOCK) return "empty";
      this.start = 0;
      this.end = count;
    }
    const written = sys.write(this.to, this.buffer, this.start, this.end - this.start);
    if (written === WOULD_BLOCK) return "full";
    this.start += written;
    this.bytes += written;
    return "moved";
  }

  private readSource(buffer: Uint8Array): number {
    try {
      return this.deps.sys.read(this.from, buffer);
    } catch (error) {
      if (this.hungUp(error)) return 0;
      throw error;
    }
  }

  /** A pseudo terminal whose other side is gone reads as an error (pty(7)). */
  private hungUp(error: unknown): boolean {
    return this.fromTerminal && isErrno(error, "EIO");
  }
}
