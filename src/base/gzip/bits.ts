import { malformed } from "./malformed.ts";

/** The bits of each byte from the lowest on. */
export class Bits {
  private readonly bytes: Uint8Array;
  private at: number;
  private held = 0;
  private count = 0;

  constructor(bytes: Uint8Array, start: number) {
    this.bytes = bytes;
    this.at = start;
  }

  /** The next `count` bits, at most 16, as a number. */
  take(count: number): number {
    const value = this.peek(count);
    this.drop(count);
    return value;
  }

  /** As `take` without taking them; zeros behind the end. */
  peek(count: number): number {
    while (this.count < count) {
      this.held |= (this.bytes[this.at++] ?? 0) << this.count;
      this.count += 8;
    }
    return this.held & ((1 << count) - 1);
  }

  drop(count: number): void {
    this.held >>>= count;
    this.count -= count;
    if (this.at - (this.count >> 3) > this.bytes.length) throw malformed("it ends too early");
  }

  /** Skips to the next whole byte; returns its offset. */
  align(): number {
    this.at -= this.count >> 3;
    this.held = 0;
    this.count = 0;
    return this.at;
  }

  /** The next `length` bytes, after `align`. */
  takeBytes(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw malformed("it ends too early");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
