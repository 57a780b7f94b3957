import { constants, deflateRawSync, gunzipSync, gzipSync, inflateRawSync, crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "../bytes.ts";
import { crc32 } from "./crc32.ts";
import { gunzip } from "./gunzip.ts";
import { inflate } from "./inflate.ts";

const plain = (bytes: Uint8Array) => Uint8Array.from(bytes);
const most = 1 << 20;

/** Text that compresses in all ways: repetitions near and far, and noise. */
const texts = fc
  .array(fc.oneof(fc.string(), fc.constantFrom("a".repeat(700), "kata ", "\0", "0123456789".repeat(30))))
  .map((parts) => utf8Encode(parts.join("")));

describe("gunzip()", () => {
  test("reverses every level and strategy of zlib", () => {
    const options = fc.record({
      level: fc.integer({ min: 0, max: 9 }),
      strategy: fc.constantFrom(
        constants.Z_DEFAULT_STRATEGY,
        constants.Z_FIXED,
        constants.Z_HUFFMAN_ONLY,
        constants.Z_RLE,
      ),
      memLevel: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.oneof(texts, fc.uint8Array({ maxLength: 5000 })), options, (bytes, how) => {
        expect(gunzip(plain(gzipSync(bytes, how)), most)).toEqual(plain(bytes));
      }),
      { numRuns: 300 },
    );
  });

  test("reverses a large text with references as far back as they may be", () => {
    const line = Array.from({ length: 33_000 }, (_, index) => String.fromCharCode(33 + ((index * index) % 90))).join(
      "",
    );
    const bytes = utf8Encode(line + line + line.slice(0, 32_768) + line);
    for (const level of [0, 1, 6, 9]) {
      expect(Buffer.compare(gunzip(plain(gzipSync(bytes, { level })), most), bytes)).toBe(0);
    }
  });

  test("stops at the limit: a bomb is not unpacked", () => {
    const bomb = plain(gzipSync(new Uint8Array(64 << 20), { level: 9 }));
    const started = performance.now();
    expect(() => gunzip(bomb, 2 << 20)).toThrow(
      expect.objectContaining({
        code: "resource-exhausted",
        message: "Compressed data hold more than the 2097152 bytes that are allowed",
      }),
    );
    expect(performance.now() - started).toBeLessThan(2000);
    const exact = plain(gzipSync(new Uint8Array(1000)));
    expect(gunzip(exact, 1000)).toHaveLength(1000);
    expect(() => gunzip(exact, 999)).toThrow("999 bytes");
    expect(() => gunzip(plain(gzipSync(new Uint8Array(1000), { level: 0 })), 999)).toThrow("999 bytes");
  });

  const good = plain(gzipSync("hello, hello, hello"));
  const changed = (at: number, value: number) => good.with(at < 0 ? good.length + at : at, value);
  const header = (flags: number, ...more: number[]) =>
    Uint8Array.from([31, 139, 8, flags, 0, 0, 0, 0, 0, 3, ...more, ...good.subarray(10)]);

  test.each([
    [header(4, 3, 0, 7, 7, 7)],
    [header(8, 97, 98, 0)],
    [header(16, 99, 0)],
    [header(1)],
    [header(4 | 8 | 16, 1, 0, 9, 97, 0, 0)],
  ])("reads over the extra parts of a header, %#", (bytes) => {
    expect(gunzip(bytes, most)).toEqual(utf8Encode("hello, hello, hello"));
  });

  test("checks the checksum of a header", () => {
    const sum = zlibCrc32(header(2).subarray(0, 10)) & 0xffff;
    expect(gunzip(header(2, sum & 255, sum >> 8), most)).toHaveLength(19);
    expect(() => gunzip(header(2, sum & 255, (sum >> 8) ^ 1), most)).toThrow("the checksum of its header");
  });

  test.each([
    ["nothing", new Uint8Array(0), "it does not begin with 1f 8b"],
    ["text", utf8Encode("version = 1"), "it does not begin with 1f 8b"],
    ["a header only", good.subarray(0, 10), "it ends too early"],
    ["half of a header", good.subarray(0, 5), "it ends too early"],
    ["no end", good.subarray(0, -1), "it ends too early"],
    ["a name without end", header(8).subarray(0, 10), "it ends too early"],
    ["an extra part beyond the end", header(4, 255, 255), "it ends too early"],
    ["another method", changed(2, 7), "the method is not DEFLATE"],
    ["unknown flags", changed(3, 0x80), "it has unknown flags"],
    ["a wrong checksum", changed(-8, (good.at(-8) ?? 0) ^ 1), "its checksum is wrong"],
    ["a wrong length", changed(-4, (good.at(-4) ?? 0) ^ 1), "its length is wrong"],
    ["a second member", Uint8Array.from([...good, ...good]), `${good.length} bytes follow its end`],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => gunzip(bytes, most)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(() => gunzip(bytes, most)).toThrow(message);
  });

  test("agrees with zlib about damaged data", () => {
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
        (bytes, damage) => {
          const packed = plain(gzipSync(bytes));
          for (const [at, value] of damage) packed[at % packed.length] = value;
          expect(outcome(() => gunzip(packed, most))).toEqual(outcome(() => plain(gunzipSync(packed))));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("inflate()", () => {
  test.each([
    ["a block of an unknown kind", [7]],
    ["the length of a stored block is wrong", [1, 1, 0, 0, 0, 65]],
    ["it ends too early", [1, 5, 0, 250, 255, 65]],
    ["it refers to before its beginning", [0x03, 0x02]],
    ["a code has too many symbols", [0xfd, 0xff]],
    ["it ends too early", []],
  ])("says %j of %j", (message, bytes) => {
    expect(() => inflate(Uint8Array.from(bytes), 0, most)).toThrow(message);
  });

  test("agrees with zlib about any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), (bytes, dynamic) => {
        if (dynamic) bytes[0] = ((bytes[0] ?? 0) & ~7) | 5;
        expect(outcome(() => inflate(bytes, 0, most).data)).toEqual(
          outcome(() => plain(inflateRawSync(bytes, { maxOutputLength: most }))),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("says where the data end", () => {
    const packed = plain(deflateRawSync("abc"));
    const { data, end } = inflate(Uint8Array.from([9, 9, ...packed, 9, 9, 9]), 2, most);
    expect([new TextDecoder().decode(data), end]).toEqual(["abc", 2 + packed.length]);
  });
});

test("crc32() agrees with zlib", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(crc32(bytes)).toBe(zlibCrc32(bytes));
    }),
  );
});

/** What came out, or that nothing did. */
function outcome(work: () => Uint8Array): Uint8Array | "refused" {
  try {
    return work();
  } catch {
    return "refused";
  }
}
