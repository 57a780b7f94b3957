import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "../../base/bytes.ts";
import { causeChain, KataError } from "../../base/error.ts";
import { digestForGuest, initdataDigest } from "./digest.ts";
import { initdataImage, initdataImagePath } from "./image.ts";
import { readInitdata } from "./initdata.ts";
import { initdataAnnotation } from "./unpack.ts";

const pack = (document: string | Uint8Array) => gzipSync(document).toString("base64");
const read = readInitdata;
const document = `version = "0.1.0"
algorithm = "sha384"

[data]
"policy.rego" = '''
package agent_policy
default AllowRequestsFailingPolicy := true
'''
"aa.toml" = "[token_configs]\\n"
`;

/** All that an error says, in one line. */
function words(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KataError);
    expect(error).toHaveProperty("field", initdataAnnotation);
    return `${(error as KataError).code}: ${causeChain(error).join(": ")}`;
  }
  throw new Error("nothing was thrown");
}

describe("readInitdata()", () => {
  test("reads version, algorithm and files", () => {
    const initdata = read(pack(document));
    expect(initdata).toMatchObject({ version: "0.1.0", algorithm: "sha384" });
    expect(initdata?.data).toEqual(
      new Map([
        ["policy.rego", "package agent_policy\ndefault AllowRequestsFailingPolicy := true\n"],
        ["aa.toml", "[token_configs]\n"],
      ]),
    );
    expect(initdata?.document).toEqual(utf8Encode(document));
    expect(gunzipSync(initdata?.packed ?? new Uint8Array()).toString()).toBe(document);
  });

  test("takes base64 that was folded into lines, and nothing for none", () => {
    const folded = pack(document).replace(/.{60}/g, "$&\r\n");
    expect(read(`${folded}\n`)?.version).toBe("0.1.0");
    expect(read("")).toBeUndefined();
  });

  test.each([
    ["spaces", ` ${pack(document)}`, "invalid-argument: Initdata cannot be unpacked: Invalid base64 at character 1"],
    ["the URL alphabet", "H4sI_-==", "Invalid base64 at character 5"],
    ["padding amid", "H4==sIAA", "Invalid base64 at character 3"],
    ["missing padding", "H4sIAA", "6 characters are no multiple of 4"],
    ["line ends only", "\n", "it does not begin with 1f 8b"],
    ["no gzip", Buffer.from(document).toString("base64"), "it does not begin with 1f 8b"],
    ["half of gzip", gzipSync(document).subarray(0, 40).toString("base64"), "it ends too early"],
    [
      "more than gzip",
      Buffer.concat([gzipSync(document), Buffer.from("x")]).toString("base64"),
      "1 bytes follow its end",
    ],
    ["no text", pack(Uint8Array.from([0x61, 0xff, 0xfe])), "the document is not UTF-8"],
    ["no TOML", pack("algorithm = 'sha256'\nversion = \n"), "line 2, column 11 of the document is not TOML: "],
    ["an empty document", pack(""), "version must be there, and must be text"],
    [
      "a number as version",
      pack('version = 1\nalgorithm = "sha256"\n[data]\n'),
      "version must be there, and must be text",
    ],
    ["another version", pack('version = "9.0"\nalgorithm = "sha256"\n[data]\n'), 'must be "0.1.0"; got "9.0"'],
    ["no algorithm", pack('version = "0.1.0"\n[data]\n'), "algorithm must be there"],
    [
      "another algorithm",
      pack('version = "0.1.0"\nalgorithm = "md5"\n[data]\n'),
      'algorithm must be one of sha256, sha384, sha512; got "md5"',
    ],
    ["an inherited name", pack('version = "0.1.0"\nalgorithm = "constructor"\n[data]\n'), 'got "constructor"'],
    [
      "a long algorithm",
      pack(`version = "0.1.0"\nalgorithm = "${"x".repeat(5000)}"\n[data]\n`),
      `got "${"x".repeat(64)}..."`,
    ],
    ["no data", pack('version = "0.1.0"\nalgorithm = "sha256"\n'), "a table [data] must be there"],
    ["a list of data", pack('version = "0.1.0"\nalgorithm = "sha256"\ndata = []\n'), "a table [data] must be there"],
    [
      "a date as data",
      pack('version = "0.1.0"\nalgorithm = "sha256"\ndata = 2024-01-01\n'),
      "a table [data] must be there",
    ],
    ["tables in data", pack('version = "0.1.0"\nalgorithm = "sha256"\n[data.x]\n'), 'data."x" must be text'],
  ])("refuses %s", (_, value, message) => {
    expect(words(() => read(value))).toContain(message);
  });

  test("takes names that every object has as names of files", () => {
    const initdata = read(pack('version = "0.1.0"\nalgorithm = "sha256"\n[data]\n"toString" = "a"\n"valueOf" = "b"\n'));
    expect([...(initdata?.data ?? [])]).toEqual([
      ["toString", "a"],
      ["valueOf", "b"],
    ]);
  });

  test("refuses too much before it unpacks it", () => {
    expect(words(() => read("A".repeat((1 << 20) + 4)))).toBe(
      "resource-exhausted: Initdata of 1048580 characters are too long: at most 1048576 are allowed",
    );
    expect(words(() => read(pack(new Uint8Array(32 << 20))))).toContain(
      "resource-exhausted: Initdata cannot be unpacked: Compressed data hold more than the 2097152 bytes",
    );
  });

  test("survives any value", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string().map(pack)), (value) => {
        try {
          read(value);
        } catch (error) {
          expect(error).toBeInstanceOf(KataError);
        }
      }),
    );
  });
});

describe("digests", () => {
  const hex = (algorithm: string) => createHash(algorithm).update(document).digest();

  test.each(["sha256", "sha384", "sha512"] as const)("%s is taken of the document's bytes", (algorithm) => {
    expect(Buffer.from(initdataDigest(utf8Encode(document), algorithm))).toEqual(hex(algorithm));
  });

  test.each([
    ["sha256", "tdx", 48],
    ["sha384", "tdx", 48],
    ["sha512", "tdx", 48],
    ["sha256", "snp", 32],
    ["sha384", "snp", 32],
    ["sha512", "snp", 32],
    ["sha256", "cca", 64],
    ["sha384", "cca", 64],
    ["sha512", "cca", 64],
  ] as const)("%s fits %s", (algorithm, guest, length) => {
    const fitted = Buffer.from(digestForGuest(initdataDigest(utf8Encode(document), algorithm), guest), "base64");
    expect(fitted).toEqual(Buffer.concat([hex(algorithm), Buffer.alloc(64)]).subarray(0, length));
  });
});

describe("initdataImage()", () => {
  test.each([
    [0, 512],
    [1, 512],
    [495, 512],
    [496, 512],
    [497, 1024],
    [1008, 1024],
    [1009, 1536],
    [70_000, 70_144],
  ])("of %d bytes has %d", (length, size) => {
    const packed = new Uint8Array(length).fill(0xa5);
    const image = Buffer.from(initdataImage(packed));
    expect(image).toHaveLength(size);
    expect(image.toString("latin1", 0, 8)).toBe("initdata");
    expect(image.readBigUInt64LE(8)).toBe(BigInt(length));
    expect(image.subarray(16, 16 + length).equals(packed)).toBe(true);
    expect(image.subarray(16 + length).every((byte) => byte === 0)).toBe(true);
  });

  test("has a path below the sandbox's id, and below no other", () => {
    expect(initdataImagePath("pod-1")).toBe("/run/kata-containers/shared/initdata/pod-1/data.img");
    for (const id of ["", "..", "a/b", "../../etc", "a\0", "x".repeat(200)]) {
      expect(() => initdataImagePath(id)).toThrow("Invalid sandbox id");
    }
  });
});
