import type { ByteStream, ByteStreamHandlers } from "../base/byte-stream.ts";
import { isErrno } from "./error.ts";
import type { Loop, Ready, Watch } from "./loop.ts";
import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";
import type { SocketsPort } from "./port/sockets.ts";
import { WriteQueue } from "./write-queue.ts";

/** What a stream needs of the system. */
export interface StreamDeps {
  readonly sys: Pick<FilesPort, "read" | "write" | "writeMany" | "close"> &
    Pick<SocketsPort, "shutdown" | "sendDescriptors" | "duplicate">;
  readonly loop: Loop;
}

export interface FdStreamOptions {
  /** A non-blocking descriptor that can be read and written. The stream owns and closes it. */
  readonly fd: number;
  /**
   * For virtio-serial ports: a read of 0 bytes and a hang-up mean that the host end is away for now, not that the
   * stream is over. Such a descriptor is watched edge-triggered.
   */
  readonly hangUpMeansWait?: boolean;
  /** Called when the peer has finished sending. With it, the stream stays open for writing until end() or close(). */
  readonly onEnd?: () => void;
  /** `drained()` resolves when fewer bytes wait. Default 64 KiB. */
  readonly lowWaterBytes?: number;
}

// One stream must not keep the others waiting for long.
const bytesPerTurn = 1024 * 1024;

/**
 * A byte stream over a descriptor. When a handler's `data` throws, the stream closes with that error: half-parsed
 * input cannot be continued.
 */
export class FdStream implements ByteStream {
  private readonly deps: StreamDeps;
  private readonly fd: number;
  private readonly edge: boolean;
  private readonly onEnd: (() => void) | undefined;
  private readonly lowWater: number;
  private readonly queue = new WriteQueue();
  private handlers: ByteStreamHandlers | undefined;
  private watch: Watch | undefined;
  private waiting: (() => void)[] = [];
  private paused = false;
  private readEnded = false;
  private writeEnding: "no" | "half" | "close" = "no";
  private writeError: Error | undefined;
  private over = false;
  private overError: Error | undefined;
  private turnScheduled = false;

  constructor(deps: StreamDeps, options: FdStreamOptions) {
    this.deps = deps;
    this.fd = options.fd;
    this.edge = options.hangUpMeansWait ?? false;
    this.onEnd = options.onEnd;
    this.lowWater = options.lowWaterBytes ?? 64 * 1024;
  }

  get pendingBytes(): number {
    return this.queue.pendingBytes;
  }

  /** Whether the stream is over; nothing is delivered any more. */
  get closed(): boolean {
    return this.over;
  }

  start(handlers: ByteStreamHandlers): void {
    this.handlers = handlers;
    if (this.over) this.deps.loop.setTimer(0, () => handlers.close(this.overError));
    else this.arm();
  }

  write(chunk: Uint8Array): void {
    if (this.over || this.writeEnding !== "no" || this.writeError !== undefined || chunk.length === 0) return;
    if (this.queue.pendingBytes > 0) {
      this.queue.add(chunk);
      return;
    }
    try {
      const written = this.deps.sys.write(this.fd, chunk);
      if (written === chunk.length) return;
      this.queue.add(chunk, written === WOULD_BLOCK ? 0 : written);
      this.arm();
    } catch (error) {
      // Reported from the loop: a caller of write does not expect its own close handler to run.
      this.deps.loop.setTimer(0, () => this.failWriting(asError(error)));
    }
  }

  /**
   * As `write`, for a unix socket: the descriptors arrive with the first byte of `chunk` (SCM_RIGHTS, at most 64). The
   * caller may close its own when the call returns. Throws SysError for a descriptor that is not open.
   */
  writeWithDescriptors(chunk: Uint8Array, descriptors: readonly number[]): void {
    if (this.over || this.writeEnding !== "no" || this.writeError !== undefined || chunk.length === 0) return;
    const { sys } = this.deps;
    const copies: number[] = [];
    const release = () => {
      for (const copy of copies) sys.close(copy);
    };
    try {
      for (const descriptor of descriptors) copies.push(sys.duplicate(descriptor));
    } catch (error) {
      release();
      throw error;
    }
    this.queue.addPassing(chunk, { descriptors: copies, release });
    this.arm();
  }

  drained(): Promise<void> {
    if (this.over || this.queue.pendingBytes <= this.lowWater) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  pause(): void {
    this.paused = true;
    this.arm();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.arm();
    // What arrived during the pause made its edge then.
    if (this.edge) this.readLater();
  }

  close(error?: Error): void {
    if (this.over) return;
    this.over = true;
    this.overError = error;
    this.watch?.stop();
    this.watch = undefined;
    this.queue.clear();
    this.deps.sys.close(this.fd);
    this.releaseWaiting();
    this.handlers?.close(error);
  }

  end(): void {
    this.writeEnding = "close";
    if (this.queue.pendingBytes === 0) this.close();
  }

  /** Sends what is queued, then tells the peer that nothing more comes; reading goes on. For sockets. */
  endWriting(): void {
    if (this.writeEnding !== "no") return;
    this.writeEnding = "half";
    if (this.queue.pendingBytes === 0 && !this.over) this.deps.sys.shutdown(this.fd, "write");
  }

  /** Brings the watch in line with what the stream wants to hear. */
  private arm(): void {
    if (this.over || this.handlers === undefined) return;
    const read = !this.paused && !this.readEnded;
    const write = this.queue.pendingBytes > 0;
    const interest = this.edge ? { read: true, write: true, edge: true } : { read, write };
    if (this.watch !== undefined) {
      if (!this.edge) this.watch.update(interest);
    } else if (this.edge || read || write || this.readEnded) {
      this.watch = this.deps.loop.watch(this.fd, interest, (ready) => this.onReady(ready));
    }
  }

  private onReady(ready: Ready): void {
    if (ready.write || ready.error) this.flush();
    if (this.over || !(ready.read || ready.hangUp || ready.error)) return;
    if (!this.paused && !this.readEnded) this.readTurn();
    else if (!this.edge && (ready.hangUp || ready.error)) this.hungUpUnread();
  }

  /** The kernel repeats a hang-up until it is dealt with, whatever the interest is. */
  private hungUpUnread(): void {
    if (this.readEnded) {
      this.close(this.writeError);
      return;
    }
    this.watch?.stop();
    this.watch = undefined;
    this.queue.clear();
    this.releaseWaiting();
  }

  private readTurn(): void {
    const { sys, loop } = this.deps;
    // Chunks are borrowed for the length of a handler's call, so all streams can share one buffer.
    const buffer = loop.scratch;
    let budget = bytesPerTurn;
    while (!this.over && !this.paused) {
      let count: number;
      try {
        count = sys.read(this.fd, buffer);
      } catch (error) {
        this.close(this.writeError ?? asError(error));
        return;
      }
      if (count === WOULD_BLOCK) return;
      if (count === 0) {
        if (!this.edge) this.peerEnded();
        return;
      }
      this.deliver(buffer.subarray(0, count));
      budget -= count;
      if (this.edge) {
        if (budget > 0) continue;
        this.readLater();
        return;
      }
      // A short read has most likely emptied the descriptor; if not, the next turn comes at once.
      if (count < buffer.length || budget <= 0) return;
    }
  }

  private deliver(chunk: Uint8Array): void {
    try {
      this.handlers?.data(chunk);
    } catch (error) {
      this.close(asError(error));
    }
  }

  private readLater(): void {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    this.deps.loop.setTimer(0, () => {
      this.turnScheduled = false;
      if (!this.over && !this.paused) this.readTurn();
    });
  }

  private peerEnded(): void {
    this.readEnded = true;
    if (this.onEnd === undefined) {
      // The peer may still read what is queued for it.
      if (this.queue.pendingBytes === 0) this.close(this.writeError);
      else {
        this.writeEnding = "close";
        this.arm();
      }
      return;
    }
    this.arm();
    this.onEnd();
  }

  private flush(): void {
    if (this.queue.pendingBytes === 0) return;
    let empty: boolean;
    try {
      empty = this.queue.flush(this.deps.sys, this.fd);
    } catch (error) {
      this.failWriting(asError(error));
      return;
    }
    if (this.queue.pendingBytes <= this.lowWater) this.releaseWaiting();
    if (!empty) return;
    if (this.writeEnding === "close") {
      this.close();
      return;
    }
    if (this.writeEnding === "half") this.deps.sys.shutdown(this.fd, "write");
    this.arm();
  }

  /** Writing is over; but what the peer sent before it went is still read, then the stream closes with this error. */
  private failWriting(error: Error): void {
    if (this.over) return;
    this.writeError ??= error;
    this.queue.clear();
    this.releaseWaiting();
    const readable = !this.paused && !this.readEnded && this.writeEnding !== "close" && this.handlers !== undefined;
    if (readable && isErrno(error, "EPIPE", "ECONNRESET")) this.arm();
    else this.close(error);
  }

  private releaseWaiting(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
