import type { Bits } from "./bits.ts";
import { malformed } from "./malformed.ts";

/** A prefix code: the next `width` bits lead to `symbol << 4 | length`, or to 0. */
export interface Code {
  readonly width: number;
  readonly table: Uint16Array;
}

/** The code whose symbols have these lengths in bits (RFC 1951, section 3.2.2). */
export function makeCode(lengths: Uint8Array, incompleteAllowed: boolean): Code {
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

/** Takes the next symbol. */
export function symbol(bits: Bits, { width, table }: Code): number {
  const entry = table[bits.peek(width)] ?? 0;
  if (entry === 0) throw malformed("an unknown code");
  bits.drop(entry & 15);
  return entry >> 4;
}
