import { constants, openSync } from "node:fs";
import { Socket } from "node:net";

const { O_NONBLOCK, O_RDONLY } = constants;

/** A FIFO that a test reads. Not a file stream: those block a thread of Node's pool each, and there are four. */
export class Stream {
  readonly chunks: Buffer[] = [];
  bytes = 0;
  readonly ended: Promise<void>;
  readonly socket: Socket;

  constructor(file: string) {
    this.socket = new Socket({ fd: openSync(file, O_RDONLY | O_NONBLOCK), readable: true, writable: false });
    this.socket.on("data", (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.chunks.push(chunk);
    });
    this.ended = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}
