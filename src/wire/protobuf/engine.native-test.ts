import { expect, test } from "../../../test/native/runner.ts";
import { CopyFileRequest, Interfaces } from "../gen/agent/agent.ts";
import { LinuxMemory } from "../gen/agent/oci.ts";

// What an engine other than Node's may do differently: 64 bit integers, and the checks of the text decoder.

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const signed: readonly (readonly [value: bigint, hex: string])[] = [
  [-1n, "08ffffffffffffffffff01"],
  [-5n, "08fbffffffffffffffff01"],
  [-(1n << 40n), "088080808080e0ffffff01"],
  [-(1n << 63n), "0880808080808080808001"],
  [(1n << 63n) - 1n, "08ffffffffffffffff7f"],
  [1n << 62n, "08808080808080808040"],
  [(1n << 49n) - 1n, "08ffffffffffff7f"],
  [1n << 49n, "088080808080808001"],
  [0xffffffffn, "08ffffffff0f"],
  [0x100000000n, "088080808010"],
];

test("texts of every length survive at the end of the encoder's buffer, and beyond it", () => {
  for (let length = 0; length < 700; length++) {
    const message = CopyFileRequest.create({
      path: "é".repeat(length % 5) + "p".repeat(length),
      uid: length % 200,
      gid: -1,
    });
    expect(CopyFileRequest.decode(CopyFileRequest.encode(message).finish())).toEqual(message);
  }
});

test("int64 values take their canonical form, both ways", () => {
  for (const [value, hex] of signed) {
    expect(hexOf(LinuxMemory.encode(LinuxMemory.create({ Limit: value })).finish())).toBe(hex);
    expect(LinuxMemory.decode(bytesOf(hex)).Limit).toBe(value);
  }
});

test("uint64 values up to the largest survive, and what is out of range is refused", () => {
  for (const value of [1n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n]) {
    const encoded = LinuxMemory.encode(LinuxMemory.create({ Swappiness: value })).finish();
    expect(LinuxMemory.decode(encoded).Swappiness).toBe(value);
  }
  expect(() => LinuxMemory.encode(LinuxMemory.create({ Swappiness: -1n }))).toThrow("must be uint64, got -1");
  expect(() => LinuxMemory.encode(LinuxMemory.create({ Swappiness: 1n << 64n }))).toThrow("must be uint64");
  expect(() => LinuxMemory.encode(LinuxMemory.create({ Limit: 1n << 63n }))).toThrow("must be int64");
});

test("32 bit integers survive, negative ones in ten bytes", () => {
  const message = CopyFileRequest.create({ uid: -1, gid: -0x80000000, fileMode: 0xffffffff });
  const encoded = CopyFileRequest.encode(message).finish();
  expect(hexOf(encoded)).toBe("18ffffffff0f28ffffffffffffffffff013080808080f8ffffffff01");
  const { uid, gid, fileMode } = CopyFileRequest.decode(encoded);
  expect([uid, gid, fileMode]).toEqual([-1, -0x80000000, 0xffffffff]);
});

test("text of every length of code point survives, with its byte-order mark", () => {
  for (const path of [
    "\uFEFFa",
    "a\u0000b",
    "\u0080\u07FF\u0800\uFFFD\u{1F600}",
    "x".repeat(40),
    "\u{10FFFF}".repeat(40),
  ]) {
    expect(CopyFileRequest.decode(CopyFileRequest.encode(CopyFileRequest.create({ path })).finish()).path).toBe(path);
  }
});

test("text that is not UTF-8 is refused", () => {
  for (const hex of ["0a02c328", "0a03eda080", "0a02c0af", "0a01ff", "0a04f4908080", "0a02e282"]) {
    expect(() => CopyFileRequest.decode(bytesOf(hex))).toThrow("text is not UTF-8");
  }
});

test("4 MiB of empty messages are refused before they fill memory", () => {
  const bytes = new Uint8Array(4 << 20);
  for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x0a;
  expect(() => Interfaces.decode(bytes)).toThrow("too many values");
});
