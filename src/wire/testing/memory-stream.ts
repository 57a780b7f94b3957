import type { ByteStream, ByteStreamHandlers } from "../../base/byte-stream.ts";

/** How a pair of memory streams behaves. */
export interface MemoryStreamOptions {
  /** Largest chunk handed to a reader, 64 KiB unless said otherwise; 1 delivers byte by byte. */
  readonly chunkBytes?: number;
  /** `drained` resolves while fewer bytes than this wait for the peer, 64 KiB unless said otherwise. */
  readonly lowWaterBytes?: number;
}

/** Two streams, each the other's peer, for tests of protocol code without sockets. */
export function memoryStreamPair(options: MemoryStreamOptions = {}): [MemoryStream, MemoryStream] {
  const a = new MemoryStream(options);
  const b = new MemoryStream(options);
  a.join(b);
  b.join(a);
  return [a, b];
}

/**
 * One end of a pair. It hands out its chunks as the native streams do: in a buffer that is overwritten as soon as the
 * handler returns, and never from within `write` or `start`.
 */
export class MemoryStream implements ByteStream {
  private readonly lowWater: number;
  private readonly buffer: Uint8Array;
  private peer: MemoryStream | undefined;
  private handlers: ByteStreamHandlers | undefined;
  private inbox: Uint8Array[] = [];
  private inboxBytes = 0;
  private paused = false;
  private pumping = false;
  /** Set once no more bytes will enter the inbox; the error is what the reader is told after the last byte. */
  private inboxEnd: { readonly error: Error | undefined } | undefined;
  private closing = false;
  private closed = false;
  private waiters: (() => void)[] = [];

  constructor(options: MemoryStreamOptions) {
    this.lowWater = options.lowWaterBytes ?? 65536;
    this.buffer = new Uint8Array(options.chunkBytes ?? 65536);
  }

  /** Connects this end to the other; called by `memoryStreamPair` only. */
  join(peer: MemoryStream): void {
    this.peer = peer;
  }

  get pendingBytes(): number {
    return this.closed ? 0 : (this.peer?.inboxBytes ?? 0);
  }

  /** True while the owner has paused reading. */
  get isPaused(): boolean {
    return this.paused;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  start(handlers: ByteStreamHandlers): void {
    if (this.handlers !== undefined) throw new Error("A stream can be started once");
    this.handlers = handlers;
    this.schedule();
  }

  write(chunk: Uint8Array): void {
    const peer = this.peer;
    if (this.closed || this.closing || peer === undefined || peer.inboxEnd !== undefined || chunk.length === 0) return;
    peer.inbox.push(chunk);
    peer.inboxBytes += chunk.length;
    peer.schedule();
  }

  drained(): Promise<void> {
    if (this.pendingBytes < this.lowWater) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.schedule();
  }

  close(error?: Error): void {
    if (this.closed || this.closing) return;
    this.closing = true;
    const peer = this.peer;
    if (peer !== undefined) {
      peer.inbox = [];
      peer.inboxBytes = 0;
      peer.inboxEnd ??= { error: undefined };
      peer.schedule();
    }
    this.inbox = [];
    this.inboxBytes = 0;
    this.inboxEnd = { error };
    this.paused = false;
    this.schedule();
  }

  end(): void {
    const peer = this.peer;
    if (this.closed || peer === undefined) return;
    peer.inboxEnd ??= { error: undefined };
    peer.schedule();
  }

  private schedule(): void {
    if (this.pumping || this.handlers === undefined || this.closed) return;
    this.pumping = true;
    void Promise.resolve().then(() => {
      this.pumping = false;
      this.pump();
    });
  }

  /** Delivers one chunk, or the end. */
  private pump(): void {
    const handlers = this.handlers;
    if (handlers === undefined || this.closed) return;
    const first = this.inbox[0];
    if (first !== undefined) {
      if (this.paused) return;
      const chunk = this.take(first);
      handlers.data(chunk);
      chunk.fill(0xee);
      this.peer?.wake();
      this.schedule();
    } else if (this.inboxEnd !== undefined) {
      this.closed = true;
      this.wake();
      handlers.close(this.inboxEnd.error);
      this.peer?.close();
    }
  }

  /** Fills the buffer from the inbox, whose first chunk is `first`. */
  private take(first: Uint8Array): Uint8Array {
    let filled = 0;
    for (let chunk: Uint8Array | undefined = first; chunk !== undefined && filled < this.buffer.length; ) {
      const part = chunk.subarray(0, this.buffer.length - filled);
      this.buffer.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) this.inbox[0] = chunk.subarray(part.length);
      else this.inbox.shift();
      chunk = this.inbox[0];
    }
    this.inboxBytes -= filled;
    return this.buffer.subarray(0, filled);
  }

  private wake(): void {
    if (!this.closed && this.pendingBytes >= this.lowWater) return;
    const waiters = this.waiters;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
