import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import { WOULD_BLOCK } from "../../sys/port/files.ts";
import type { Sys } from "../../sys/sys.ts";

interface Pending {
  readonly bytes: Uint8Array;
  written: number;
  readonly resolve: (written: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The writing end of a process's stdin or terminal. A write is answered when the kernel took all of it, which is how
 * the host feels that the process does not read.
 */
export class ProcessInput {
  private readonly sys: Sys;
  private readonly loop: Loop;
  private readonly fd: number;
  private readonly queue: Pending[] = [];
  private watch: Watch | undefined;
  private armed = false;
  private state: "open" | "closing" | "closed" = "open";

  /** Takes over the descriptor, which is non-blocking. */
  constructor(deps: { readonly sys: Sys; readonly loop: Loop }, fd: number) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.fd = fd;
  }

  /** Writes all of `bytes`, which must not change until then; `failed-precondition` once the input is closed. */
  write(bytes: Uint8Array): Promise<number> {
    if (this.state !== "open") return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.queue.push({ bytes, written: 0, resolve, reject });
      if (this.queue.length === 1) this.flush();
    });
  }

  /** Closes after what was written before; the process then reads the end. Harmless when repeated. */
  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    if (this.queue.length === 0) this.shut();
  }

  /** Closes at once; unfinished writes fail. */
  abandon(): void {
    this.shut();
    for (const pending of this.queue.splice(0)) pending.reject(closed());
  }

  private flush(): void {
    for (let pending = this.queue[0]; pending !== undefined; pending = this.queue[0]) {
      try {
        while (pending.written < pending.bytes.length) {
          const taken = this.sys.write(this.fd, pending.bytes, pending.written, pending.bytes.length - pending.written);
          if (taken === WOULD_BLOCK) {
            this.arm();
            return;
          }
          pending.written += taken;
        }
      } catch (error) {
        // EPIPE: nobody reads the other end any more. Later writes would meet the same.
        this.shut();
        const reason = isErrno(error, "EPIPE", "EIO") ? closed() : error;
        for (const failed of this.queue.splice(0)) failed.reject(reason);
        return;
      }
      this.queue.shift();
      pending.resolve(pending.bytes.length);
    }
    if (this.state === "closing") this.shut();
    else if (this.armed) this.disarm();
  }

  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    if (this.watch === undefined) this.watch = this.loop.watch(this.fd, { write: true }, () => this.flush());
    else this.watch.update({ write: true });
  }

  private disarm(): void {
    this.watch?.update({ edge: true });
    this.armed = false;
  }

  private shut(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.watch?.stop();
    this.sys.close(this.fd);
  }
}

function closed(): KataError {
  return new KataError("failed-precondition", "The process's standard input is closed");
}
