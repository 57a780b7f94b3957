import { concatBytes } from "../../base/bytes.ts";
import { SeededRandom } from "./random.ts";

/** What a fuzz run feeds on. */
export interface FuzzOptions {
  /** Well-formed inputs that mutation starts from. */
  readonly corpus: readonly Uint8Array[];
  /** Number of inputs tried; every one is derived from its number alone, so that a failure can be repeated. */
  readonly runs: number;
  /** Bytes that mean something in the format: they are put in more often than chance would. */
  readonly tokens?: readonly Uint8Array[];
}

/**
 * Calls `run` with mutated inputs, each already cut into chunks. Whatever `run` throws is reported with the number of the
 * input and its bytes in hexadecimal.
 */
export function fuzz(options: FuzzOptions, run: (chunks: readonly Uint8Array[]) => void): void {
  for (let number = 0; number < options.runs; number++) {
    const random = new SeededRandom(number);
    const input = mutate(options, random);
    try {
      run(split(input, random));
    } catch (error) {
      const hex = [...input.subarray(0, 512)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      throw new Error(`Fuzz input ${number} (${input.length} bytes) failed: ${hex}`, { cause: error });
    }
  }
}

/** Cuts bytes into up to nine chunks at random places. */
export function split(bytes: Uint8Array, random: SeededRandom): Uint8Array[] {
  const cuts = Array.from({ length: random.below(9) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut > start) chunks.push(bytes.slice(start, cut));
    start = Math.max(start, cut);
  }
  return chunks;
}

/** Cuts bytes at the given places, each taken modulo the length: for property tests. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return sorted.map((place, index) => bytes.slice(sorted[index - 1] ?? 0, place));
}

function mutate({ corpus, tokens = [] }: FuzzOptions, random: SeededRandom): Uint8Array {
  let bytes = concatBytes(Array.from({ length: 1 + random.below(3) }, () => random.pick(corpus)));
  for (let count = random.below(8); count > 0; count--) bytes = mutateOnce(bytes, tokens, random);
  return bytes;
}

function mutateOnce(
  bytes: Uint8Array<ArrayBuffer>,
  tokens: readonly Uint8Array[],
  random: SeededRandom,
): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(64, bytes.length - at + 1));
  switch (random.below(tokens.length > 0 ? 7 : 6)) {
    case 0: {
      const copy = bytes.slice();
      if (at < copy.length) copy[at] = random.below(256);
      return copy;
    }
    case 1: {
      const copy = bytes.slice();
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
    }
    case 2:
      return concatBytes([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return concatBytes([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 4:
      return concatBytes([
        bytes.subarray(0, at),
        Uint8Array.from({ length }, () => random.below(256)),
        bytes.subarray(at),
      ]);
    case 5:
      return bytes.slice(0, at);
    default:
      return concatBytes([bytes.subarray(0, at), random.pick(tokens), bytes.subarray(at)]);
  }
}
