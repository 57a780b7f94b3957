import { KataError } from "../error.ts";
import { malformed } from "./malformed.ts";

/** Bytes that grow up to a limit. */
export class Output {
  private readonly most: number;
  private buffer = new Uint8Array(4096);
  private size = 0;

  constructor(most: number) {
    this.most = most;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.size);
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.size++] = value;
  }

  add(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.size);
    this.size += bytes.length;
  }

  /** Repeats what stands `distance` bytes before the end; it may reach into itself. */
  repeat(distance: number, length: number): void {
    if (distance > this.size) throw malformed("it refers to before its beginning");
    this.reserve(length);
    const { buffer } = this;
    let to = this.size;
    this.size += length;
    for (let from = to - distance; to < this.size; ) buffer[to++] = buffer[from++] ?? 0;
  }

  private reserve(count: number): void {
    const needed = this.size + count;
    if (needed <= this.buffer.length && needed <= this.most) return;
    if (needed > this.most) {
      throw new KataError(
        "resource-exhausted",
        `Compressed data hold more than the ${this.most} bytes that are allowed`,
      );
    }
    const larger = new Uint8Array(2 * needed);
    larger.set(this.buffer);
    this.buffer = larger;
  }
}
