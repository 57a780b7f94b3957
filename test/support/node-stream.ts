import type { Socket } from "node:net";
import type { ByteStream, ByteStreamHandlers } from "../../src/base/byte-stream.ts";
import type { Clock } from "../../src/base/clock.ts";

/** A Node socket as the ByteStream that protocol code takes. */
export class NodeStream implements ByteStream {
  private readonly socket: Socket;
  private over = false;
  private waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.pause();
    const release = () => {
      for (const resolve of this.waiting.splice(0)) resolve();
    };
    socket.on("drain", release);
    socket.on("close", release);
  }

  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  start(handlers: ByteStreamHandlers): void {
    let failure: Error | undefined;
    this.socket.on("data", (chunk: Buffer) => handlers.data(chunk));
    this.socket.on("error", (error) => {
      failure = error;
    });
    this.socket.on("close", () => {
      this.over = true;
      handlers.close(failure);
    });
    this.socket.resume();
  }

  write(chunk: Uint8Array): void {
    if (!this.over) this.socket.write(chunk);
  }

  drained(): Promise<void> {
    if (this.over || !this.socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.destroy();
  }

  end(): void {
    this.socket.end();
  }
}

/** Node's time as the Clock that protocol code takes. */
export const nodeClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
