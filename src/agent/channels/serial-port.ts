import type { ByteStream, ByteStreamHandlers } from "../../base/byte-stream.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop, Ready, Watch } from "../../sys/loop.ts";
import { WOULD_BLOCK } from "../../sys/port/files.ts";
import type { Sys } from "../../sys/sys.ts";
import { WriteQueue } from "../../sys/write-queue.ts";
import type { SessionSplitter } from "./session-splitter.ts";

/** The kernel hands out at most one page at a time. */
const READ_BYTES = 4096;
const TURN_BYTES = 1 << 20;
const LOW_WATER = 64 * 1024;

/**
 * A virtio-serial port. The port itself stays open; the host's program comes and goes, and each stay is one session
 * with a stream of its own, so that nothing of an old session reaches a new one.
 *
 * The kernel reads 0 bytes from a port, and reports a hang-up, while nobody is at the host's end. It is watched
 * edge-triggered: a level-triggered hang-up would spin the loop.
 *
 * What this cannot see: one program leaving in the middle of a frame and another coming before the guest was told. A
 * host whose first call is not answered has to leave for some 100 ms and come again.
 */
export class SerialPort {
  private readonly sys: Sys;
  private readonly loop: Loop;
  private readonly fd: number;
  private readonly watch: Watch;
  private readonly onSession: (stream: ByteStream) => void;
  private readonly splitter: SessionSplitter | undefined;
  private readonly buffer = new Uint8Array(READ_BYTES);
  private session: PortSession | undefined;
  private turnScheduled = false;

  /** Takes over a non-blocking descriptor that reads and writes. */
  constructor(
    deps: { readonly sys: Sys; readonly loop: Loop },
    options: {
      readonly fd: number;
      readonly onSession: (stream: ByteStream) => void;
      /** Finds the beginning of a session in the data, where the protocol allows. */
      readonly splitter?: SessionSplitter | undefined;
    },
  ) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.fd = options.fd;
    this.onSession = options.onSession;
    this.splitter = options.splitter;
    this.watch = this.loop.watch(this.fd, { read: true, write: true, edge: true }, (ready) => this.onReady(ready));
  }

  /** Ends the session and closes the port. */
  close(): void {
    this.watch.stop();
    this.sys.close(this.fd);
    this.endSession();
  }

  private onReady(ready: Ready): void {
    if (ready.write) this.session?.flush();
    const present = this.readTurn();
    if (present && !ready.hangUp) this.ensureSession();
    else if (!present) this.endSession();
  }

  /** Reads what is there; false when the host's end is away. Data may come before the news that somebody is there. */
  private readTurn(): boolean {
    for (let budget = TURN_BYTES; budget > 0; ) {
      if (this.session?.paused === true) return true;
      let count: number;
      try {
        count = this.sys.read(this.fd, this.buffer);
      } catch (error) {
        // The port was unplugged.
        if (isErrno(error, "ENODEV", "EPIPE")) return false;
        throw error;
      }
      if (count === WOULD_BLOCK) return true;
      if (count === 0) return false;
      const chunk = this.buffer.subarray(0, count);
      if (this.splitter?.observe(chunk) === true) this.finishSession();
      this.ensureSession().deliver(chunk);
      budget -= count;
    }
    this.readLater();
    return true;
  }

  /** Edges do not repeat: whoever stops reading before the port is empty has to come back on its own. */
  readonly readLater = (): void => {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    this.loop.setTimer(0, () => {
      this.turnScheduled = false;
      if (!this.readTurn()) this.endSession();
    });
  };

  private ensureSession(): PortSession {
    if (this.session === undefined) {
      const session = new PortSession(this.sys, this.fd, this.readLater);
      this.session = session;
      this.onSession(session);
    }
    return this.session;
  }

  private endSession(): void {
    this.splitter?.reset();
    this.finishSession();
  }

  private finishSession(): void {
    const { session } = this;
    this.session = undefined;
    session?.finish(undefined);
  }
}

/** One stay of a program at the host's end. */
class PortSession implements ByteStream {
  private readonly sys: Sys;
  private readonly fd: number;
  private readonly wake: () => void;
  private readonly queue = new WriteQueue();
  private handlers: ByteStreamHandlers | undefined;
  private waiting: (() => void)[] = [];
  private over = false;
  private ending = false;
  paused = false;

  constructor(sys: Sys, fd: number, wake: () => void) {
    this.sys = sys;
    this.fd = fd;
    this.wake = wake;
  }

  get pendingBytes(): number {
    return this.queue.pendingBytes;
  }

  start(handlers: ByteStreamHandlers): void {
    this.handlers = handlers;
  }

  deliver(chunk: Uint8Array): void {
    if (!this.over) this.handlers?.data(chunk);
  }

  write(chunk: Uint8Array): void {
    if (this.over || this.ending || chunk.length === 0) return;
    this.queue.add(chunk);
    if (this.queue.pendingBytes === chunk.length) this.flush();
  }

  /** Writes what the port takes. While nobody is at the other end it takes nothing. */
  flush(): void {
    if (this.over || this.queue.pendingBytes === 0) return;
    this.queue.flush(this.sys, this.fd);
    if (this.queue.pendingBytes <= LOW_WATER) this.releaseWaiting();
    if (this.ending && this.queue.pendingBytes === 0) this.finish(undefined);
  }

  drained(): Promise<void> {
    if (this.over || this.queue.pendingBytes <= LOW_WATER) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.wake();
  }

  /** Ends this session for its owner. The host's program notices nothing: a port cannot be hung up from inside. */
  close(error?: Error): void {
    this.finish(error);
  }

  end(): void {
    this.ending = true;
    if (this.queue.pendingBytes === 0) this.finish(undefined);
  }

  finish(error: Error | undefined): void {
    if (this.over) return;
    this.over = true;
    this.paused = false;
    this.queue.clear();
    this.releaseWaiting();
    this.handlers?.close(error);
  }

  private releaseWaiting(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
