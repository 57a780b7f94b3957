import type { Bits } from "./bits.ts";
import { malformed } from "./malformed.ts";
import { type Code, makeCode, symbol } from "./prefix-code.ts";

/** Codes for literals and lengths, and for distances. */
export interface Codes {
  readonly literals: Code;
  readonly distances: Code;
}

/** The codes of a block that brings none (RFC 1951, section 3.2.6). */
export function fixedCodes(): Codes {
  const literals = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
  return { literals: makeCode(literals, false), distances: makeCode(new Uint8Array(32).fill(5), false) };
}

/** The order in which the lengths of the code for lengths come. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** The codes that stand before a block's data (RFC 1951, section 3.2.7). */
export function readCodes(bits: Bits): Codes {
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
