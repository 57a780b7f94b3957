import type { CancelSignal } from "../../base/cancel.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import { WOULD_BLOCK } from "../../sys/port/files.ts";
import type { Sys } from "../../sys/sys.ts";

interface Reader {
  readonly limit: number;
  readonly resolve: (chunk: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  /** Takes the listener off the caller's signal. */
  forget: (() => void) | undefined;
}

/** How long after a process's end its output may stay open without data: a grandchild may hold the pipe for ever. */
const GRACE_MS = 500;
/** Size of a read that probably finds nothing: only its answer, end of file or not, matters. */
const PROBE_BYTES = 4096;
const nothing = new Uint8Array(0);

/**
 * The reading end of a process's output pipe or of its terminal. Data stays in the kernel until somebody asks for it:
 * a process whose output nobody reads waits. Readers are served in the order they came.
 */
export class ProcessOutput {
  private readonly sys: Sys;
  private readonly loop: Loop;
  private readonly fd: number;
  private readonly readers: Reader[] = [];
  private watch: Watch | undefined;
  private armed = false;
  private state: "open" | "ended" = "open";
  private overdue = false;

  /** Takes over the descriptor, which is non-blocking. */
  constructor(deps: { readonly sys: Sys; readonly loop: Loop }, fd: number) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.fd = fd;
  }

  /** Nothing more will come, and the descriptor is closed. */
  get ended(): boolean {
    return this.state === "ended";
  }

  /**
   * Reads up to `limit` bytes, waiting until there are some; nothing means the end of the output. A cancelled read
   * takes no data: a host that comes back after losing its connection goes on where it was.
   */
  read(limit: number, signal?: CancelSignal): Promise<Uint8Array> {
    if (this.readers.length === 0) {
      const chunk = this.tryRead(limit);
      if (chunk !== undefined) return Promise.resolve(chunk);
    }
    return new Promise((resolve, reject) => {
      const reader: Reader = { limit, resolve, reject, forget: undefined };
      if (signal !== undefined) {
        const cancel = () => {
          const index = this.readers.indexOf(reader);
          if (index >= 0) this.readers.splice(index, 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", cancel);
        reader.forget = () => signal.removeEventListener("abort", cancel);
      }
      this.readers.push(reader);
      this.arm();
    });
  }

  /** The process ended: what is in the pipe is still read, then the output ends, at the latest after a grace period. */
  processEnded(): void {
    if (this.ended) return;
    this.loop.setTimer(GRACE_MS, () => {
      this.overdue = true;
      this.serve();
    });
  }

  /** Ends the output at once; waiting readers get the end. */
  close(): void {
    this.end();
    this.serve();
  }

  private end(): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.watch?.stop();
    this.sys.close(this.fd);
  }

  private serve(): void {
    for (let reader = this.readers[0]; reader !== undefined; reader = this.readers[0]) {
      let chunk: Uint8Array | undefined;
      try {
        chunk = this.tryRead(reader.limit);
      } catch (error) {
        this.takeFirst();
        reader.reject(error);
        continue;
      }
      if (chunk === undefined) return;
      this.takeFirst();
      reader.resolve(chunk);
    }
    // Level-triggered and nobody reads: without this the loop would spin.
    if (this.armed && this.state === "open") this.disarm();
  }

  /** Without the listener, which knows its reader: in a cycle the data would stay until garbage is collected. */
  private takeFirst(): void {
    const reader = this.readers.shift();
    reader?.forget?.();
    if (reader !== undefined) reader.forget = undefined;
  }

  /** Undefined when there is nothing yet. */
  private tryRead(limit: number): Uint8Array | undefined {
    if (this.state === "ended") return nothing;
    const ready = this.sys.readable(this.fd);
    const buffer = new Uint8Array(Math.min(limit, ready === 0 ? PROBE_BYTES : ready));
    const length = this.readInto(buffer);
    if (length === WOULD_BLOCK && !this.overdue) return undefined;
    if (length <= 0) {
      this.end();
      return nothing;
    }
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  private readInto(buffer: Uint8Array): number {
    try {
      return this.sys.read(this.fd, buffer);
    } catch (error) {
      // A terminal whose last user is gone reports EIO (pty(7)): the end.
      if (isErrno(error, "EIO")) return 0;
      throw error;
    }
  }

  private arm(): void {
    if (this.state === "ended") return;
    if (this.watch === undefined) this.watch = this.loop.watch(this.fd, { read: true }, () => this.serve());
    else if (!this.armed) this.watch.update({ read: true });
    this.armed = true;
  }

  private disarm(): void {
    // A hang-up is reported whatever the interest is; edge-triggered it comes once instead of spinning the loop.
    this.watch?.update({ edge: true });
    this.armed = false;
  }
}
