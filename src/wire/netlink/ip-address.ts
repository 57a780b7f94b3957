import { KataError } from "../../base/error.ts";

/** IP version: 4 or 6. */
export type IpFamily = 4 | 6;

/** A network or an interface's address in it. */
export interface IpPrefix {
  readonly address: string;
  /** 0 to 32, or to 128. */
  readonly prefixLength: number;
}

/**
 * The bytes of an address in text, 4 or 16 of them. Takes dotted decimals without leading zeros, and RFC 4291 section 2.2
 * for IPv6, without zones. Throws KataError `invalid-argument`.
 */
export function parseIp(text: string): Uint8Array {
  const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  if (bytes === undefined)
    throw new KataError("invalid-argument", `Not an IP address: ${JSON.stringify(text.slice(0, 64))}`);
  return Uint8Array.from(bytes);
}

/** The text of an address of 4 or 16 bytes; IPv6 as RFC 5952 wants it. Throws RangeError for another length. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new RangeError(`IP address of ${bytes.length} bytes`);
  const mapped = bytes.subarray(0, 12).join() === "0,0,0,0,0,0,0,0,0,0,255,255";
  if (mapped) return `::ffff:${bytes.subarray(12).join(".")}`;
  const groups = Array.from({ length: 8 }, (_, i) => (byteAt(bytes, 2 * i) << 8) | byteAt(bytes, 2 * i + 1));
  const text = groups.map((group) => group.toString(16));
  const [start, length] = longestZeroRun(groups);
  if (length < 2) return text.join(":");
  return `${text.slice(0, start).join(":")}::${text.slice(start + length).join(":")}`;
}

/** The version of an address in text. Throws KataError `invalid-argument`. */
export function ipFamily(text: string): IpFamily {
  return parseIp(text).length === 4 ? 4 : 6;
}

/** Splits `10.0.0.1/24`. Without a length the prefix covers the one address. Throws KataError `invalid-argument`. */
export function parsePrefix(text: string): IpPrefix {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bits = parseIp(address).length * 8;
  const length = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) {
    throw new KataError(
      "invalid-argument",
      `Not a prefix length from 0 to ${bits}: ${JSON.stringify(text.slice(0, 64))}`,
    );
  }
  return { address, prefixLength: Number(length) };
}

/** The bytes of a link-layer address such as `02:00:ac:11:00:02`. Throws KataError `invalid-argument`. */
export function parseMac(text: string): Uint8Array {
  if (!/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(text)) {
    throw new KataError("invalid-argument", `Not a MAC address: ${JSON.stringify(text.slice(0, 64))}`);
  }
  return Uint8Array.from(text.split(":"), (part) => Number.parseInt(part, 16));
}

/** The text of a link-layer address of any length. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function parseIpv4(text: string): number[] | undefined {
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) return undefined;
  const parts = text.split(".");
  const valid = parts.every((part) => Number(part) <= 255 && String(Number(part)) === part);
  return valid ? parts.map(Number) : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  if (text.length > 45) return undefined;
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const front = parseGroups(head, tail === undefined);
  const back = tail === undefined ? [] : parseGroups(tail, true);
  if (front === undefined || back === undefined) return undefined;
  const missing = 16 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...front, ...Array<number>(missing).fill(0), ...back];
}

/** Bytes of groups between colons; only the last one may be dotted, and only at the end of the address. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (atEnd && index === groups.length - 1 && group.includes(".")) {
      const dotted = parseIpv4(group);
      if (dotted === undefined) return undefined;
      bytes.push(...dotted);
    } else {
      if (!/^[\da-f]{1,4}$/i.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes.length <= 16 ? bytes : undefined;
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best[1]) best = [start, length];
  }
  return best;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
