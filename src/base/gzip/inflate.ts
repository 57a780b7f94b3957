import { Bits } from "./bits.ts";
import { type Codes, fixedCodes, readCodes } from "./block-codes.ts";
import { malformed } from "./malformed.ts";
import { Output } from "./output.ts";
import { symbol } from "./prefix-code.ts";

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

function copyStored(bits: Bits, output: Output): void {
  bits.align();
  const [a = 0, b = 0, c = 0, d = 0] = bits.takeBytes(4);
  const length = a | (b << 8);
  if ((length ^ 0xffff) !== (c | (d << 8))) throw malformed("the length of a stored block is wrong");
  output.add(bits.takeBytes(length));
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
