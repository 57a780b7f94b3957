import { KataError } from "./error.ts";

/** What came out, and where the compressed data ended. */
export interface Inflated {
  readonly data: Uint8Array<ArrayBuffer>;
  /** Offset of the first byte behind the compressed data. */
  readonly end: number;
}

/**
 * Decompresses DEFLATE data (RFC 1951) that begin at `start`. What may be decompressed is bounded: KataError
 * `resource-exhausted` above `mostBytes`, `invalid-argument` for malformed data. As strict as zlib.
 */
export function inflate(bytes: Uint8Array, start: number, mostBytes: number): Inflated {
  const bits = new Bits(bytes, start);
  const output = new Output(mostBytes);
  for (let last = 0; last === 0; ) {
    last = bits.take(1);
    const kind = bits.take(2);
    if (kind === 0) copyStored(bits, output);
    else if (kind === 1) decode(bits, output, fixedCodes());
    else if (kind === 2) decode(bits, output, readCodes(bits));
    else throw malformed("a block of an unknown kind");
  }
  return { data: output.bytes(), end: bits.align() };
}

function malformed(what: string): KataError {
  return new KataError("invalid-argument", `Invalid compressed data: ${what}`);
}

/** The bits of each byte from the lowest on. */
class Bits {
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

/** Bytes that grow up to a limit. */
class Output {
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

function copyStored(bits: Bits, output: Output): void {
  bits.align();
  const [a = 0, b = 0, c = 0, d = 0] = bits.takeBytes(4);
  const length = a | (b << 8);
  if ((length ^ 0xffff) !== (c | (d << 8))) throw malformed("the length of a stored block is wrong");
  output.add(bits.takeBytes(length));
}

/** A prefix code: the next `width` bits lead to `symbol << 4 | length`, or to 0. */
interface Code {
  readonly width: number;
  readonly table: Uint16Array;
}

/** Codes for literals and lengths, and for distances. */
interface Codes {
  readonly literals: Code;
  readonly distances: Code;
}

/** The code whose symbols have these lengths in bits (RFC 1951, section 3.2.2). */
function makeCode(lengths: Uint8Array, incompleteAllowed: boolean): Code {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  const next = new Uint16Array(17);
  let width = 0;
  let free = 1;
  for (const [length, count] of counts.entries()) {
    if (count > 0) width = length;
    if (length > 0) free = 2 * free - count;
    if (free < 0) throw malformed("a code has too many symbols");
    next[length + 1] = ((next[length] ?? 0) + count) << 1;
  }
  // Of a distance code that is used once only, one bit is left over; one that is not used is empty.
  if (free > 0 && width > 0 && !(incompleteAllowed && width === 1)) throw malformed("a code is not complete");
  const table = new Uint16Array(1 << width);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    const code = next[length] ?? 0;
    next[length] = code + 1;
    const entry = (symbol << 4) | length;
    for (let at = reversed(code, length); at < table.length; at += 1 << length) table[at] = entry;
  }
  return { width, table };
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}

function symbol(bits: Bits, { width, table }: Code): number {
  const entry = table[bits.peek(width)] ?? 0;
  if (entry === 0) throw malformed("an unknown code");
  bits.drop(entry & 15);
  return entry >> 4;
}

function fixedCodes(): Codes {
  const literals = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
  return { literals: makeCode(literals, false), distances: makeCode(new Uint8Array(32).fill(5), false) };
}

/** The order in which the lengths of the code for lengths come. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function readCodes(bits: Bits): Codes {
  const literalCount = bits.take(5) + 257;
  const distanceCount = bits.take(5) + 1;
  if (literalCount > 286 || distanceCount > 30) throw malformed("a code has too many symbols");
  const own = new Uint8Array(19);
  const ownCount = bits.take(4) + 4;
  for (const index of lengthOrder.slice(0, ownCount)) own[index] = bits.take(3);
  const code = makeCode(own, false);
  const lengths = new Uint8Array(literalCount + distanceCount);
  for (let at = 0; at < lengths.length; ) {
    const value = symbol(bits, code);
    if (value < 16) {
      lengths[at++] = value;
      continue;
    }
    if (value === 16 && at === 0) throw malformed("there is no length to repeat");
    const repeated = value === 16 ? (lengths[at - 1] ?? 0) : 0;
    const times = value === 16 ? 3 + bits.take(2) : value === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (at + times > lengths.length) throw malformed("a length is repeated too often");
    lengths.fill(repeated, at, at + times);
    at += times;
  }
  if (lengths[256] === 0) throw malformed("a block has no end");
  return {
    literals: makeCode(lengths.subarray(0, literalCount), true),
    distances: makeCode(lengths.subarray(literalCount), true),
  };
}

/** Extra bits of the length and distance symbols, and the smallest value of each (RFC 1951, section 3.2.5). */
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5];
const lengthBase = [...bases(3, lengthExtra), 258];
const distanceExtra = Array.from({ length: 30 }, (_, index) => Math.max(0, (index >> 1) - 1));
const distanceBase = bases(1, distanceExtra);

function bases(first: number, extra: readonly number[]): number[] {
  let next = first;
  return extra.map((bits) => {
    next += 1 << bits;
    return next - (1 << bits);
  });
}

function decode(bits: Bits, output: Output, { literals, distances }: Codes): void {
  for (;;) {
    const value = symbol(bits, literals);
    if (value < 256) {
      output.byte(value);
      continue;
    }
    if (value === 256) return;
    const base = lengthBase[value - 257];
    if (base === undefined) throw malformed("an unknown length");
    const length = base + bits.take(lengthExtra[value - 257] ?? 0);
    const far = symbol(bits, distances);
    const distance = distanceBase[far];
    if (distance === undefined) throw malformed("an unknown distance");
    output.repeat(distance + bits.take(distanceExtra[far] ?? 0), length);
  }
}
