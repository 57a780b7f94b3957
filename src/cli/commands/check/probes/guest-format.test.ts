import { expect, test } from "vitest";
import { type GuestFileKind, recognise } from "./guest-format.ts";

/** A file that is zero but for bytes at places. */
function file(parts: Readonly<Record<number, readonly number[] | string>>): Uint8Array {
  const bytes = new Uint8Array(2048);
  for (const [at, part] of Object.entries(parts)) {
    bytes.set(typeof part === "string" ? [...part].map((letter) => letter.charCodeAt(0)) : part, Number(at));
  }
  return bytes;
}
const elfStart = [0x7f, 0x45, 0x4c, 0x46, 2];

test.each<[GuestFileKind, Uint8Array, object | undefined]>([
  ["kernel", file({ 0: [...elfStart, 1], 18: [62, 0] }), { name: "ELF", architecture: "amd64" }],
  ["kernel", file({ 0: [...elfStart, 1], 18: [183, 0] }), { name: "ELF", architecture: "arm64" }],
  ["kernel", file({ 0: [...elfStart, 2], 18: [0, 22] }), { name: "ELF", architecture: "s390x" }],
  ["kernel", file({ 0: [...elfStart, 1], 18: [22, 1] }), { name: "ELF", architecture: undefined }],
  ["kernel", file({ 0: "MZ", 514: "HdrS" }), { name: "bzImage", architecture: "amd64" }],
  ["kernel", file({ 0: "MZ", 56: "ARM\x64" }), { name: "Image", architecture: "arm64" }],
  ["kernel", file({ 56: "RSC\x05" }), { name: "Image", architecture: "riscv64" }],
  ["kernel", file({ 0: [0x1f, 0x8b] }), { name: "gzip" }],
  ["kernel", file({}), undefined],
  ["kernel", new Uint8Array(0), undefined],
  ["kernel", Uint8Array.from(elfStart.slice(0, 3)), undefined],
  ["initrd", file({ 0: "070701" }), { name: "cpio" }],
  ["initrd", file({ 0: [2, 0x21, 0x4c, 0x18] }), { name: "cpio, lz4" }],
  ["initrd", file({ 0: [0x28, 0xb5, 0x2f, 0xfd] }), { name: "cpio, zstd" }],
  ["initrd", file({ 0: elfStart }), undefined],
  ["image", file({ 510: [0x55, 0xaa] }), { name: "disk with a partition table" }],
  ["image", file({ 1080: [0x53, 0xef] }), { name: "ext4" }],
  ["image", file({ 1024: [0xe2, 0xe1, 0xf5, 0xe0] }), { name: "erofs" }],
  ["image", file({ 0: "070701" }), undefined],
])("%s %#", (kind, start, expected) => {
  const format = recognise(kind, start);
  if (expected === undefined) expect(format).toBeUndefined();
  else expect(format).toMatchObject(expected);
});
