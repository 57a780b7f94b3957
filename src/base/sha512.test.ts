import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "./ids.ts";
import { sha384, sha512, sha512Hex } from "./sha512.ts";

const other = (algorithm: string, bytes: string | Uint8Array) => createHash(algorithm).update(bytes).digest("hex");

describe("SHA-2 in 64 bits", () => {
  // The examples of FIPS 180-4.
  test.each([
    [
      "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    ],
    [
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
      "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
    ],
    [
      "",
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
      "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
    ],
  ])("of %j", (text, in512, in384) => {
    expect(sha512Hex(text)).toBe(in512);
    expect(toHex(sha384(new TextEncoder().encode(text)))).toBe(in384);
  });

  test("agrees with another implementation at every padding boundary, also amid a larger buffer", () => {
    const all = Uint8Array.from({ length: 700 }, (_, index) => (index * 167 + (index >> 3)) & 255);
    for (let length = 0; length < 400; length++) {
      const bytes = all.subarray(length % 7, (length % 7) + length);
      expect(toHex(sha512(bytes))).toBe(other("sha512", bytes));
      expect(toHex(sha384(bytes))).toBe(other("sha384", bytes));
    }
  });

  test("agrees with another implementation on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 2000 }), (text) => {
        expect(sha512Hex(text)).toBe(other("sha512", text));
      }),
    );
  });

  test("agrees with another implementation on a million bytes", () => {
    const bytes = new Uint8Array(1_000_000).fill(97);
    expect(sha512Hex(bytes)).toBe(other("sha512", bytes));
  });
});
