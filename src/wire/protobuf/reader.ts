import { KataError } from "../../base/error.ts";
import { texts } from "../../base/text-in-place.ts";

/** Default bound on the slots one decoded message may take; see `ProtobufReader.spend`. */
export const DEFAULT_MAX_SLOTS = 1 << 18;

/**
 * Reads the protobuf wire format from bytes nobody vouches for. Every read is checked against `end`, the end of the
 * innermost message, so a nested message cannot reach into its parent's bytes. Throws KataError `invalid-argument`, or
 * `resource-exhausted` from `spend`.
 */
export class ProtobufReader {
  private bytes: Uint8Array;
  private borrowed = false;
  private slots: number;
  position = 0;
  end: number;

  constructor(bytes: Uint8Array, maxSlots: number = DEFAULT_MAX_SLOTS) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.slots = maxSlots;
  }

  /** Turns to other bytes, from `start` to `end`. Borrowed ones change later: what is to be kept of them is copied. */
  turnTo(bytes: Uint8Array, start: number, end: number, borrowed: boolean): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.borrowed = borrowed;
    this.slots = DEFAULT_MAX_SLOTS;
  }

  /**
   * Accounts for `count` values about to be created. Two bytes on the wire can ask for an object of forty fields, so the
   * frame limit alone does not bound memory; this does.
   */
  spend(count: number): void {
    this.slots -= count;
    if (this.slots < 0) throw new KataError("resource-exhausted", "it holds too many values");
  }

  /** Narrows `end` to the length-delimited item that starts here; returns the old end for `leave`. */
  enter(): number {
    const length = this.prefix();
    const outer = this.end;
    if (length > outer - this.position)
      throw malformed(`length ${length} exceeds the ${outer - this.position} bytes left`);
    this.end = this.position + length;
    return outer;
  }

  /** Ends the item begun by `enter`, all of which has been read. */
  leave(outer: number): void {
    this.end = outer;
  }

  /** A tag or length: at most five bytes, so that no value wraps around. */
  prefix(): number {
    if (this.position < this.end) {
      // The common case, without a call: the engine interprets, and every field begins here.
      const only = this.bytes[this.position] as number;
      if (only < 0x80) {
        this.position++;
        return only;
      }
    }
    let value = 0;
    for (let scale = 1; scale <= 0x10000000; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw malformed("tag or length exceeds 32 bits");
  }

  /** The low 32 bits of a varint, unsigned: negative int32 values take ten bytes on the wire. */
  varint32(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) break;
        return value >>> 0;
      }
    }
    throw malformed("varint exceeds 64 bits");
  }

  /** A varint, unsigned. */
  varint64(): bigint {
    let low = 0;
    for (let scale = 1; scale <= 2 ** 42; scale *= 0x80) {
      const byte = this.byte();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(low);
    }
    let high = 0;
    for (let scale = 1; scale <= 0x4000; scale *= 0x80) {
      const byte = this.byte();
      high += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (high > 0x7fff) break;
        return (BigInt(high) << 49n) + BigInt(low);
      }
    }
    throw malformed("varint exceeds 64 bits");
  }

  /** The bytes of a length-delimited item, as a view into the input; a copy of borrowed ones. */
  view(): Uint8Array {
    const outer = this.enter();
    const view = this.rest();
    this.end = outer;
    return view;
  }

  /** The bytes up to the end, as `view` gives them. */
  rest(): Uint8Array {
    const { bytes, position, end } = this;
    this.position = end;
    if (this.borrowed) return bytes.slice(position, end);
    return position === 0 && end === bytes.length ? bytes : bytes.subarray(position, end);
  }

  /** A length-delimited item as text; rejects malformed UTF-8, as the peers' libraries do. */
  text(): string {
    const length = this.prefix();
    const start = this.position;
    const end = start + length;
    if (end > this.end) throw malformed(`length ${length} exceeds the ${this.end - start} bytes left`);
    this.position = end;
    const text = texts.decode(this.bytes, start, end);
    if (text === undefined) throw malformed("text is not UTF-8");
    return text;
  }

  /** Adds an item to `list` as text, and those behind it that have the same tag if that is of one byte. */
  texts(list: string[], tag: number): void {
    for (;;) {
      this.spend(1);
      list.push(this.text());
      if (tag >= 0x80 || this.position >= this.end || this.bytes[this.position] !== tag) return;
      this.position++;
    }
  }

  /** Steps over the item behind a tag that this side does not know. Groups are refused: no peer of ours sends them. */
  skip(tag: number): void {
    if (tag < 8) throw malformed("field number 0 is not allowed");
    switch (tag & 7) {
      case 0:
        this.varint32();
        break;
      case 1:
        this.advance(8);
        break;
      case 2:
        this.advance(this.prefix());
        break;
      case 5:
        this.advance(4);
        break;
      default:
        throw malformed(`wire type ${tag & 7} is not supported`);
    }
  }

  private advance(count: number): void {
    if (count > this.end - this.position) throw malformed(`item of ${count} bytes is cut short`);
    this.position += count;
  }

  private byte(): number {
    if (this.position >= this.end) throw malformed("bytes end inside a value");
    return this.bytes[this.position++] as number;
  }
}

/** The problem alone; `MessageType.decode`, which knows the message, completes the sentence. */
function malformed(problem: string): KataError {
  return new KataError("invalid-argument", problem);
}
