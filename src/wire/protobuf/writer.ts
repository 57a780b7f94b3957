import { texts } from "../../base/text-in-place.ts";

const INITIAL_SIZE = 256;

/** Builds the protobuf wire format in one growing buffer. */
export class ProtobufWriter {
  /** What was written, and room for more; growing replaces it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** How much was written. Setting it takes back what is behind. */
  position = 0;

  constructor(room: number = INITIAL_SIZE) {
    this.bytes = new Uint8Array(room);
  }

  /** The bytes written; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.position);
  }

  /** Writes an unsigned integer below 2^32. */
  varint32(value: number): void {
    this.reserve(5);
    const bytes = this.bytes;
    let position = this.position;
    let rest = value;
    while (rest > 0x7f) {
      bytes[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[position++] = rest;
    this.position = position;
  }

  /** Writes an integer from -2^63 to 2^64 - 1; negative ones in two's complement, ten bytes. */
  varint64(value: bigint): void {
    if (value >= 0n && value <= 0xffffffffn) {
      this.varint32(Number(value));
      return;
    }
    // Not BigInt.asUintN: the engine's leaves negative numbers negative at 64 bits.
    const unsigned = value < 0n ? value + 0x1_0000_0000_0000_0000n : value;
    this.reserve(10);
    let rest = Number(unsigned >> 28n);
    let low = Number(unsigned & 0xfffffffn);
    for (let i = 0; i < 4; i++) {
      this.bytes[this.position++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    // 36 bits are left: more than the bitwise operators take.
    while (rest > 0x7f) {
      this.bytes[this.position++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.position++] = rest;
  }

  /** Writes a length and the bytes. */
  chunk(chunk: Uint8Array): void {
    this.varint32(chunk.length);
    this.append(chunk);
  }

  /** Writes bytes as they are. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  /** Leaves room for `count` bytes that the caller writes. */
  skip(count: number): void {
    this.reserve(count);
    this.position += count;
  }

  /** Writes a tag, a length and the text in UTF-8. */
  textField(tag: number, text: string): void {
    const at = this.position;
    // The common case: few properties are looked up, since the engine interprets.
    const length = tag < 0x80 ? texts.encode(text, this.bytes, at + 2) : -1;
    if (length >= 0 && length < 0x80) {
      const { bytes } = this;
      bytes[at] = tag;
      bytes[at + 1] = length;
      this.position = at + 2 + length;
      return;
    }
    this.varint32(tag);
    this.text(text);
  }

  /** Writes a tag and an unsigned integer below 2^32. */
  numberField(tag: number, value: number): void {
    let at = this.position;
    const { bytes } = this;
    if (tag >= 0x80 || at + 6 > bytes.length) {
      this.varint32(tag);
      this.varint32(value);
      return;
    }
    bytes[at++] = tag;
    let rest = value;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.position = at;
  }

  /** Writes a length and the text in UTF-8. */
  text(text: string): void {
    const mark = this.position;
    let length = texts.encode(text, this.bytes, mark + 1);
    if (length < 0) {
      // A unit of a string takes three bytes at most.
      this.reserve(5 + text.length * 3);
      length = texts.encode(text, this.bytes, mark + 1);
    }
    this.position = mark + 1 + length;
    if (length < 0x80) this.bytes[mark] = length;
    else this.close(mark);
  }

  /** Begins an item whose length is known only at its end; returns the mark for `close`. */
  open(): number {
    this.reserve(1);
    return this.position++;
  }

  /** Ends the item begun at `mark`: writes its length there, making room when one byte is not enough. */
  close(mark: number): void {
    const start = mark + 1;
    const length = this.position - start;
    let extra = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) extra++;
    if (extra > 0) {
      this.reserve(extra);
      this.bytes.copyWithin(start + extra, start, this.position);
    }
    this.position = mark;
    this.varint32(length);
    this.position += length;
  }

  private reserve(count: number): void {
    const needed = this.position + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed + INITIAL_SIZE, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}
