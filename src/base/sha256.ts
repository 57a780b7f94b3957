import { utf8Encode } from "./bytes.ts";
import { toHex } from "./ids.ts";

/** An incremental hash over an opaque state. */
interface Digests {
  start(): Uint8Array;
  add(state: Uint8Array, bytes: Uint8Array): void;
  finish(state: Uint8Array): Uint8Array<ArrayBuffer>;
}

// Native programs bring one written in C (src/sys/linux/prelude.ts); a loop over bytes is too slow in their engine.
declare const kataSha256: Digests;
/** Set by the build of native programs, which then leaves the other one out. */
declare const KATA_NATIVE: boolean | undefined;

/** SHA-256 (FIPS 180-4) over bytes that come in pieces. */
export class Sha256 {
  private readonly digests: Digests = typeof KATA_NATIVE === "undefined" ? pureDigests() : kataSha256;
  private readonly state = this.digests.start();

  /** Adds bytes; returns itself for chaining. */
  add(bytes: Uint8Array): this {
    this.digests.add(this.state, bytes);
    return this;
  }

  /** The 32 bytes of what was added so far; more may be added afterwards. */
  digest(): Uint8Array<ArrayBuffer> {
    return this.digests.finish(this.state);
  }

  hex(): string {
    return toHex(this.digest());
  }
}

/** SHA-256 as 64 hexadecimal digits; text is hashed as UTF-8. */
export function sha256Hex(content: string | Uint8Array): string {
  return new Sha256().add(typeof content === "string" ? utf8Encode(content) : content).hex();
}

// --- the same in TypeScript, for Node -------------------------------------------------------------------------------

// State: 8 words, the length in two words, then the block that is being filled.
const words = 8;
const stateBytes = 4 * words + 8 + 64;
const blockAt = stateBytes - 64;

/** The first 32 bits of the fractional parts of a root of the first `count` primes. */
function fractions(count: number, root: (prime: number) => number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) found.push(Math.floor((root(n) % 1) * 2 ** 32));
  }
  return found;
}

function pureDigests(): Digests {
  const rounds = fractions(64, Math.cbrt);
  const add: Digests["add"] = (state, bytes) => addBytes(state, bytes, rounds);
  return { start, add, finish: (state) => finish(state, add) };
}

function start(): Uint8Array {
  const state = new Uint8Array(stateBytes);
  const view = new DataView(state.buffer);
  for (const [i, word] of fractions(words, Math.sqrt).entries()) view.setUint32(4 * i, word);
  return state;
}

function addBytes(state: Uint8Array, bytes: Uint8Array, rounds: readonly number[]): void {
  const view = new DataView(state.buffer);
  let length = view.getUint32(32) * 2 ** 32 + view.getUint32(36);
  for (let at = 0; at < bytes.length; ) {
    const used = length % 64;
    const part = bytes.subarray(at, at + 64 - used);
    state.set(part, blockAt + used);
    at += part.length;
    length += part.length;
    if (length % 64 === 0) mix(view, rounds);
  }
  view.setUint32(32, Math.floor(length / 2 ** 32));
  view.setUint32(36, length >>> 0);
}

function finish(state: Uint8Array, add: Digests["add"]): Uint8Array<ArrayBuffer> {
  const copy = state.slice();
  const view = new DataView(copy.buffer);
  const high = view.getUint32(32);
  const low = view.getUint32(36);
  const used = low % 64;
  const end = new Uint8Array((used < 56 ? 64 : 128) - used);
  end[0] = 0x80;
  const bits = new DataView(end.buffer);
  bits.setUint32(end.length - 8, (high << 3) | (low >>> 29));
  bits.setUint32(end.length - 4, (low << 3) >>> 0);
  add(copy, end);
  return copy.slice(0, 32);
}

const rotate = (word: number, by: number) => (word >>> by) | (word << (32 - by));

function mix(view: DataView, rounds: readonly number[]): void {
  const w: number[] = [];
  for (let i = 0; i < 16; i++) w.push(view.getUint32(blockAt + 4 * i));
  const word = (i: number) => w[i] ?? 0;
  for (let i = 16; i < 64; i++) {
    const low = rotate(word(i - 15), 7) ^ rotate(word(i - 15), 18) ^ (word(i - 15) >>> 3);
    const high = rotate(word(i - 2), 17) ^ rotate(word(i - 2), 19) ^ (word(i - 2) >>> 10);
    w.push((word(i - 16) + low + word(i - 7) + high) | 0);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
    view.getUint32(4 * i),
  );
  for (let i = 0; i < 64; i++) {
    const sum = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const one = (h + sum + ((e & f) ^ (~e & g)) + (rounds[i] ?? 0) + word(i)) | 0;
    const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) {
    view.setUint32(4 * i, (view.getUint32(4 * i) + value) >>> 0);
  }
}
