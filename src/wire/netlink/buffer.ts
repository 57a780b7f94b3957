import { utf8Decode, utf8Encode } from "../../base/bytes.ts";

/**
 * Netlink speaks the machine's byte order (netlink(7)). Linux on x86-64 and arm64, where this project runs, is
 * little-endian.
 */
const littleEndian = true;
const attributeHeader = 4;
/** The upper bits of an attribute's type are flags: nested, network byte order. */
const attributeTypeMask = 0x3fff;
const nestedFlag = 0x8000;

/** Builds a message: fields in order, then attributes, each aligned to four bytes. */
export class NetlinkWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private position = 0;

  u8(value: number): this {
    this.view.setUint8(this.advance(1), value);
    return this;
  }

  u16(value: number): this {
    this.view.setUint16(this.advance(2), value, littleEndian);
    return this;
  }

  u32(value: number): this {
    this.view.setUint32(this.advance(4), value, littleEndian);
    return this;
  }

  /** An attribute that holds these bytes. */
  attribute(type: number, value: Uint8Array): this {
    this.u16(attributeHeader + value.length).u16(type);
    const at = this.advance(value.length);
    this.bytes.set(value, at);
    this.advance(-this.position & 3);
    return this;
  }

  attributeU32(type: number, value: number): this {
    return this.u16(attributeHeader + 4)
      .u16(type)
      .u32(value);
  }

  /** A text with its terminating zero. */
  attributeText(type: number, text: string): this {
    return this.attribute(type, utf8Encode(`${text}\0`));
  }

  /** An attribute that holds attributes. */
  attributeNested(type: number, fill: (writer: this) => void): this {
    const start = this.position;
    this.u16(0).u16(type | nestedFlag);
    fill(this);
    this.view.setUint16(start, this.position - start, littleEndian);
    return this;
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.position);
  }

  /** Claims `count` bytes, which are zero; returns where they begin. */
  private advance(count: number): number {
    const start = this.position;
    const needed = start + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.position = needed;
    return start;
  }
}

/** Reads fields of a message at fixed places. What lies beyond its end reads as zero: old kernels send shorter structs. */
export class NetlinkReader {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return at < this.bytes.length ? this.view.getUint8(at) : 0;
  }

  u16(at: number): number {
    return at + 2 <= this.bytes.length ? this.view.getUint16(at, littleEndian) : 0;
  }

  u32(at: number): number {
    return at + 4 <= this.bytes.length ? this.view.getUint32(at, littleEndian) : 0;
  }

  i32(at: number): number {
    return this.u32(at) | 0;
  }

  /** The attributes from `at` to the end, by type; of equal ones the last. A broken one ends the list. */
  attributes(at: number): Attributes {
    const found = new Map<number, Uint8Array>();
    let start = at;
    while (start + attributeHeader <= this.bytes.length) {
      const length = this.u16(start);
      if (length < attributeHeader || start + length > this.bytes.length) break;
      const type = this.u16(start + 2) & attributeTypeMask;
      found.set(type, this.bytes.subarray(start + attributeHeader, start + length));
      start += (length + 3) & ~3;
    }
    return new Attributes(found);
  }
}

/** Attributes of a message, by type. An attribute that is absent or too short reads as undefined. */
export class Attributes {
  private readonly found: ReadonlyMap<number, Uint8Array>;

  constructor(found: ReadonlyMap<number, Uint8Array>) {
    this.found = found;
  }

  /** A view into the message. */
  bytes(type: number): Uint8Array | undefined {
    return this.found.get(type);
  }

  u32(type: number): number | undefined {
    const value = this.found.get(type);
    return value === undefined || value.length < 4 ? undefined : new NetlinkReader(value).u32(0);
  }

  /** Up to the first zero byte. */
  text(type: number): string | undefined {
    const value = this.found.get(type);
    if (value === undefined) return undefined;
    const end = value.indexOf(0);
    return utf8Decode(end < 0 ? value : value.subarray(0, end));
  }

  nested(type: number): Attributes | undefined {
    const value = this.found.get(type);
    return value === undefined ? undefined : new NetlinkReader(value).attributes(0);
  }
}
