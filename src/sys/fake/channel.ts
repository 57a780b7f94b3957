import { WOULD_BLOCK } from "../port/files.ts";

/** One direction of a pipe, FIFO or socket in memory. */
export class ByteChannel {
  private chunks: Uint8Array[] = [];
  private bytes = 0;
  readonly capacity: number;
  /** The writing side is gone: what is left can be read, then comes the end. */
  ended = false;
  /** The reading side is gone: writing fails with EPIPE. */
  broken = false;
  /** Descriptors that ride along with the next bytes. */
  readonly descriptors: number[][] = [];

  constructor(capacity = 64 * 1024) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.bytes;
  }

  /** Bytes taken, or WOULD_BLOCK when it is full. */
  write(bytes: Uint8Array): number {
    const room = this.capacity - this.bytes;
    if (room <= 0 && bytes.length > 0) return WOULD_BLOCK;
    const part = bytes.slice(0, room);
    if (part.length > 0) this.chunks.push(part);
    this.bytes += part.length;
    return part.length;
  }

  /** Bytes given, 0 at the end, WOULD_BLOCK when nothing is there. */
  read(into: Uint8Array): number {
    if (this.bytes === 0) return this.ended || into.length === 0 ? 0 : WOULD_BLOCK;
    let filled = 0;
    while (filled < into.length) {
      const first = this.chunks[0];
      if (first === undefined) break;
      const part = first.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      if (part.length === first.length) this.chunks.shift();
      else this.chunks[0] = first.subarray(part.length);
    }
    this.bytes -= filled;
    return filled;
  }
}
