import { KataError } from "./error.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Map([...alphabet].map((char, value) => [char.charCodeAt(0), value]));
// The URL-safe alphabet is read too (RFC 4648, section 5).
values.set("-".charCodeAt(0), 62);
values.set("_".charCodeAt(0), 63);

/** Bytes as base64 with padding (RFC 4648, section 4). */
export function base64Encode(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i] ?? 0;
    const b = bytes[i + 1];
    const c = bytes[i + 2];
    const group = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    parts.push(
      alphabet.charAt(group >> 18) +
        alphabet.charAt((group >> 12) & 63) +
        (b === undefined ? "=" : alphabet.charAt((group >> 6) & 63)) +
        (c === undefined ? "=" : alphabet.charAt(group & 63)),
    );
  }
  return parts.join("");
}

/**
 * Base64 of either alphabet as bytes; padding may be missing, white space is not allowed. Throws KataError
 * `invalid-argument` for anything else.
 */
export function base64Decode(text: string): Uint8Array<ArrayBuffer> {
  const end = text.endsWith("==") ? text.length - 2 : text.endsWith("=") ? text.length - 1 : text.length;
  if (end % 4 === 1 || (end !== text.length && text.length % 4 !== 0)) {
    throw new KataError("invalid-argument", `Invalid base64: ${text.length} characters cannot be decoded`);
  }
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  let group = 0;
  let at = 0;
  for (let i = 0; i < end; i++) {
    const value = values.get(text.charCodeAt(i));
    if (value === undefined) throw new KataError("invalid-argument", `Invalid base64 at character ${i + 1}`);
    group = ((group << 6) | value) & 0xffffff;
    const step = i % 4;
    if (step > 0) bytes[at++] = (group >> (6 - 2 * step)) & 255;
  }
  return bytes;
}
