import { KataError } from "../error.ts";
import { crc32 } from "./crc32.ts";
import { inflate } from "./inflate.ts";

const flags = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/**
 * Decompresses one gzip member (RFC 1952) that fills `bytes`; its checksum and length are checked. Throws KataError
 * `resource-exhausted` when more than `mostBytes` come out, without making them, and `invalid-argument` for anything that is
 * not such a member.
 */
export function gunzip(bytes: Uint8Array, mostBytes: number): Uint8Array<ArrayBuffer> {
  const { data, end } = inflate(bytes, headerLength(bytes), mostBytes);
  if (bytes.length < end + 8) throw malformed("it ends too early");
  if (bytes.length > end + 8) throw malformed(`${bytes.length - end - 8} bytes follow its end`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + end, 8);
  if (view.getUint32(0, true) !== crc32(data)) throw malformed("its checksum is wrong");
  if (view.getUint32(4, true) !== data.length) throw malformed("its length is wrong");
  return data;
}

function malformed(what: string): KataError {
  return new KataError("invalid-argument", `Invalid gzip data: ${what}`);
}

function headerLength(bytes: Uint8Array): number {
  const [first, second, method, set = 0] = bytes;
  if (first !== 0x1f || second !== 0x8b) throw malformed("it does not begin with 1f 8b");
  if (method !== 8) throw malformed("the method is not DEFLATE");
  if ((set & flags.reserved) !== 0) throw malformed("it has unknown flags");
  let at = 10;
  if ((set & flags.extra) !== 0) at += 2 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
  for (const flag of [flags.name, flags.comment]) {
    if ((set & flag) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) throw malformed("it ends too early");
    at = end + 1;
  }
  if ((set & flags.headerCrc) !== 0) {
    const sum = crc32(bytes.subarray(0, at)) & 0xffff;
    if (bytes[at] !== (sum & 255) || bytes[at + 1] !== sum >> 8) throw malformed("the checksum of its header is wrong");
    at += 2;
  }
  if (at > bytes.length) throw malformed("it ends too early");
  return at;
}
