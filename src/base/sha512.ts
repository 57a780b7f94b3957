import { utf8Encode } from "./bytes.ts";
import { fromHex, toHex } from "./ids.ts";

/**
 * SHA-512 (FIPS 180-4) of some bytes. For short inputs: it works on halves of 32 bits, a million of which take seconds in the
 * native programs' engine.
 */
export function sha512(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return digest(bytes, first512);
}

/** SHA-384 of some bytes; see `sha512`. */
export function sha384(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return digest(bytes, first384).slice(0, 48);
}

/** SHA-512 as 128 hexadecimal digits; text is hashed as UTF-8. */
export function sha512Hex(content: string | Uint8Array): string {
  return toHex(sha512(typeof content === "string" ? utf8Encode(content) : content));
}

/** 64-bit words, each as its high and its low half. */
type Words = Int32Array;

const block = 128;
const twoTo32 = 2 ** 32;

/** The fractional parts of the square roots of the first 8 primes. */
const first512 = [
  "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1",
  "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179",
];
/** The same of the next 8 primes. */
const first384 = [
  "cbbb9d5dc1059ed8629a292a367cd5079159015a3070dd17152fecd8f70e5939",
  "67332667ffc00b318eb44a8768581511db0c2e0d64f98fa747b5481dbefa4fa4",
];
/** The fractional parts of the cube roots of the first 80 primes. */
const rounds = [
  "428a2f98d728ae227137449123ef65cdb5c0fbcfec4d3b2fe9b5dba58189dbbc3956c25bf348b53859f111f1b605d019",
  "923f82a4af194f9bab1c5ed5da6d8118d807aa98a303024212835b0145706fbe243185be4ee4b28c550c7dc3d5ffb4e2",
  "72be5d74f27b896f80deb1fe3b1696b19bdc06a725c71235c19bf174cf692694e49b69c19ef14ad2efbe4786384f25e3",
  "0fc19dc68b8cd5b5240ca1cc77ac9c652de92c6f592b02754a7484aa6ea6e4835cb0a9dcbd41fbd476f988da831153b5",
  "983e5152ee66dfaba831c66d2db43210b00327c898fb213fbf597fc7beef0ee4c6e00bf33da88fc2d5a79147930aa725",
  "06ca6351e003826f142929670a0e6e7027b70a8546d22ffc2e1b21385c26c9264d2c6dfc5ac42aed53380d139d95b3df",
  "650a73548baf63de766a0abb3c77b2a881c2c92e47edaee692722c851482353ba2bfe8a14cf10364a81a664bbc423001",
  "c24b8b70d0f89791c76c51a30654be30d192e819d6ef5218d69906245565a910f40e35855771202a106aa07032bbd1b8",
  "19a4c116b8d2d0c81e376c085141ab532748774cdf8eeb9934b0bcb5e19b48a8391c0cb3c5c95a634ed8aa4ae3418acb",
  "5b9cca4f7763e373682e6ff3d6b2b8a3748f82ee5defb2fc78a5636f43172f6084c87814a1f0ab728cc702081a6439ec",
  "90befffa23631e28a4506cebde82bde9bef9a3f7b2c67915c67178f2e372532bca273eceea26619cd186b8c721c0c207",
  "eada7dd6cde0eb1ef57d4f7fee6ed17806f067aa72176fba0a637dc5a2c898a6113f9804bef90dae1b710b35131c471b",
  "28db77f523047d8432caab7b40c724933c9ebe0a15c9bebc431d67c49c100d4c4cc5d4becb3e42b6597f299cfc657e2a",
  "5fcb6fab3ad6faec6c44198c4a475817",
];

function wordsOf(hex: readonly string[]): Words {
  const view = new DataView(fromHex(hex.join("")).buffer);
  return Int32Array.from({ length: view.byteLength / 4 }, (_, index) => view.getInt32(4 * index));
}

function digest(bytes: Uint8Array, first: readonly string[]): Uint8Array<ArrayBuffer> {
  const state = wordsOf(first);
  const constants = wordsOf(rounds);
  const schedule: Words = new Int32Array(160);
  const whole = bytes.length - (bytes.length % block);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < whole; at += block) mix(state, schedule, constants, view, at);
  const end = new DataView(padded(bytes.subarray(whole), bytes.length).buffer);
  for (let at = 0; at < end.byteLength; at += block) mix(state, schedule, constants, end, at);
  const out = new DataView(new ArrayBuffer(64));
  for (const [index, half] of state.entries()) out.setInt32(4 * index, half);
  return new Uint8Array(out.buffer);
}

/** The last bytes with a one, zeros, and the length of all in bits, of which 2^53 bytes need 56. */
function padded(rest: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const end = new Uint8Array(rest.length < block - 16 ? block : 2 * block);
  end.set(rest);
  end[rest.length] = 0x80;
  const view = new DataView(end.buffer);
  view.setUint32(end.length - 8, Math.floor(length / (twoTo32 / 8)));
  view.setUint32(end.length - 4, (length << 3) >>> 0);
  return end;
}

/** High half of a word rotated right by less than 32, and its low half with the arguments swapped. */
const turn = (one: number, other: number, by: number) => (one >>> by) | (other << (32 - by));

function mix(state: Words, w: Words, k: Words, view: DataView, at: number): void {
  for (let i = 0; i < 32; i++) w[i] = view.getInt32(at + 4 * i);
  for (let i = 32; i < 160; i += 2) extend(w, i);
  let [ah = 0, al = 0, bh = 0, bl = 0, ch = 0, cl = 0, dh = 0, dl = 0] = state;
  let [eh = 0, el = 0, fh = 0, fl = 0, gh = 0, gl = 0, hh = 0, hl = 0] = state.subarray(8);
  for (let i = 0; i < 160; i += 2) {
    // Rotations by 14, 18 and 41, that is by 9 with the halves swapped.
    const sumH = turn(eh, el, 14) ^ turn(eh, el, 18) ^ turn(el, eh, 9);
    const sumL = turn(el, eh, 14) ^ turn(el, eh, 18) ^ turn(eh, el, 9);
    const chooseH = (eh & fh) ^ (~eh & gh);
    const chooseL = (el & fl) ^ (~el & gl);
    const oneL = (hl >>> 0) + (sumL >>> 0) + (chooseL >>> 0) + ((k[i + 1] ?? 0) >>> 0) + ((w[i + 1] ?? 0) >>> 0);
    const oneH = (hh + sumH + chooseH + (k[i] ?? 0) + (w[i] ?? 0) + Math.floor(oneL / twoTo32)) | 0;
    // By 28, 34 and 39.
    const turnH = turn(ah, al, 28) ^ turn(al, ah, 2) ^ turn(al, ah, 7);
    const turnL = turn(al, ah, 28) ^ turn(ah, al, 2) ^ turn(ah, al, 7);
    const twoL = (turnL >>> 0) + (((al & bl) ^ (al & cl) ^ (bl & cl)) >>> 0);
    const twoH = (turnH + ((ah & bh) ^ (ah & ch) ^ (bh & ch)) + Math.floor(twoL / twoTo32)) | 0;
    hh = gh;
    hl = gl;
    gh = fh;
    gl = fl;
    fh = eh;
    fl = el;
    const nextE = (dl >>> 0) + (oneL % twoTo32);
    eh = (dh + oneH + Math.floor(nextE / twoTo32)) | 0;
    el = nextE | 0;
    dh = ch;
    dl = cl;
    ch = bh;
    cl = bl;
    bh = ah;
    bl = al;
    const nextA = (oneL % twoTo32) + (twoL % twoTo32);
    ah = (oneH + twoH + Math.floor(nextA / twoTo32)) | 0;
    al = nextA | 0;
  }
  const halves = [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl];
  for (let i = 0; i < 16; i += 2) {
    const low = ((state[i + 1] ?? 0) >>> 0) + ((halves[i + 1] ?? 0) >>> 0);
    state[i] = (state[i] ?? 0) + (halves[i] ?? 0) + Math.floor(low / twoTo32);
    state[i + 1] = low;
  }
}

/** Word `i / 2` of the schedule from those before it. */
function extend(w: Words, i: number): void {
  const [oneH = 0, oneL = 0] = [w[i - 30], w[i - 29]];
  const [twoH = 0, twoL = 0] = [w[i - 4], w[i - 3]];
  // Rotations by 1 and 8 and a shift by 7; rotations by 19 and 61 and a shift by 6.
  const smallH = turn(oneH, oneL, 1) ^ turn(oneH, oneL, 8) ^ (oneH >>> 7);
  const smallL = turn(oneL, oneH, 1) ^ turn(oneL, oneH, 8) ^ turn(oneL, oneH, 7);
  const largeH = turn(twoH, twoL, 19) ^ turn(twoL, twoH, 29) ^ (twoH >>> 6);
  const largeL = turn(twoL, twoH, 19) ^ turn(twoH, twoL, 29) ^ turn(twoL, twoH, 6);
  const low = (smallL >>> 0) + (largeL >>> 0) + ((w[i - 31] ?? 0) >>> 0) + ((w[i - 13] ?? 0) >>> 0);
  w[i] = smallH + largeH + (w[i - 32] ?? 0) + (w[i - 14] ?? 0) + Math.floor(low / twoTo32);
  w[i + 1] = low;
}
