import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printParams, splitKernelParams } from "./param.ts";
import { dmVerityParam, parseVerityParams, type VerityParams } from "./verity.ts";

const hash = "f211b9f1921ef726d57a72bf82be23a510076639fa8549ade10f85e214e0ddb4";
const salt = "065c13dfb5b4e0af034685aa5442bddda47b17c182ee44ba55a373835d18a038";
const good = { root_hash: hash, salt, data_blocks: "92041", data_block_size: "4096", hash_block_size: "4096" };

function text(changes: Partial<Record<keyof typeof good, string | undefined>> = {}): string {
  return Object.entries({ ...good, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field}=${value}`)
    .join(",");
}

const record: VerityParams = {
  rootHash: hash,
  salt,
  dataBlocks: 92_041n,
  dataBlockSize: 4096,
  hashBlockSize: 4096,
};

describe("parseVerityParams()", () => {
  test.each(["", " ", "\t\n"])("%j is no verity", (blank) => {
    expect(parseVerityParams(blank)).toBeUndefined();
  });

  test.each([
    ["as written", text()],
    ["in another order", text().split(",").reverse().join(",")],
    ["with blanks around fields", ` ${text().replaceAll(",", " , ")} `],
    ["with a comma too many", `,${text()},`],
  ])("reads fields %s", (_what, written) => {
    expect(parseVerityParams(written)).toEqual(record);
  });

  test.each([
    ["a hash in capitals", { root_hash: hash.toUpperCase() }, { rootHash: hash.toUpperCase() }],
    ["no salt", { salt: "-" }, { salt: "-" }],
    ["the shortest salt", { salt: "0f" }, { salt: "0f" }],
    ["the longest salt", { salt: "0f".repeat(256) }, { salt: "0f".repeat(256) }],
    ["one block", { data_blocks: "1" }, { dataBlocks: 1n }],
    [
      "the smallest blocks",
      { data_block_size: "512", hash_block_size: "512" },
      { dataBlockSize: 512, hashBlockSize: 512 },
    ],
    [
      "the largest blocks",
      { data_block_size: "65536", hash_block_size: "65536" },
      { dataBlockSize: 65_536, hashBlockSize: 65_536 },
    ],
    [
      "the largest device",
      { data_blocks: "18446744073709551615", data_block_size: "512" },
      { dataBlocks: 18_446_744_073_709_551_615n, dataBlockSize: 512 },
    ],
  ])("takes %s", (_what, changes, expected) => {
    expect(parseVerityParams(text(changes))).toEqual({ ...record, ...expected });
  });

  const hashRule = "root_hash must be 64 hexadecimal digits, a SHA-256 hash";
  const saltRule = "salt must be an even number of hexadecimal digits, at most 512, or - for none";
  const blocksRule = "data_blocks must be a whole number from 1 to 18446744073709551615";
  const sizeRule = "must be a power of two from 512 to 65536";

  test.each([
    [text({ root_hash: undefined }), "root_hash is missing; it must be 64 hexadecimal digits, a SHA-256 hash"],
    [text({ salt: undefined }), `salt is missing; it ${saltRule.slice(5)}`],
    [text({ data_blocks: undefined }), `data_blocks is missing; it ${blocksRule.slice(12)}`],
    [text({ data_block_size: undefined }), `data_block_size is missing; it ${sizeRule}`],
    [text({ hash_block_size: undefined }), `hash_block_size is missing; it ${sizeRule}`],
    [text({ root_hash: "" }), `${hashRule}, got ""`],
    [text({ root_hash: "abc" }), `${hashRule}, got "abc"`],
    [text({ root_hash: hash.slice(2) }), `${hashRule}, got "${hash.slice(2)}"`],
    [text({ root_hash: `${hash}00` }), `${hashRule}, got "${hash}00"`],
    [text({ root_hash: `g${hash.slice(1)}` }), `${hashRule}, got "g${hash.slice(1)}"`],
    [text({ root_hash: "0".repeat(200) }), `${hashRule}, got "${"0".repeat(80)}..."`],
    [text({ salt: "" }), `${saltRule}, got ""`],
    [text({ salt: "abc" }), `${saltRule}, got "abc"`],
    [text({ salt: "xy" }), `${saltRule}, got "xy"`],
    [text({ salt: "00".repeat(257) }), `${saltRule}, got "${"0".repeat(80)}..."`],
    [text({ salt: '00" quiet "' }), `${saltRule}, got "00\\" quiet \\""`],
    [text({ data_blocks: "" }), `${blocksRule}, got ""`],
    [text({ data_blocks: "0" }), `${blocksRule}, got "0"`],
    [text({ data_blocks: "-1" }), `${blocksRule}, got "-1"`],
    [text({ data_blocks: "1.5" }), `${blocksRule}, got "1.5"`],
    [text({ data_blocks: "0x10" }), `${blocksRule}, got "0x10"`],
    [text({ data_blocks: "1e3" }), `${blocksRule}, got "1e3"`],
    [text({ data_blocks: "18446744073709551616" }), `${blocksRule}, got "18446744073709551616"`],
    [text({ data_blocks: "9".repeat(21) }), `${blocksRule}, got "${"9".repeat(21)}"`],
    [text({ data_block_size: "0" }), `data_block_size ${sizeRule}, got "0"`],
    [text({ data_block_size: "256" }), `data_block_size ${sizeRule}, got "256"`],
    [text({ data_block_size: "513" }), `data_block_size ${sizeRule}, got "513"`],
    [text({ data_block_size: "1536" }), `data_block_size ${sizeRule}, got "1536"`],
    [text({ data_block_size: "4k" }), `data_block_size ${sizeRule}, got "4k"`],
    [text({ hash_block_size: "99999" }), `hash_block_size ${sizeRule}, got "99999"`],
    [text({ hash_block_size: "131072" }), `hash_block_size ${sizeRule}, got "131072"`],
    [text({ hash_block_size: "" }), `hash_block_size ${sizeRule}, got ""`],
    [`${text()},salt=00`, "salt must be given once"],
    [
      `${text()},hash=sha512`,
      '"hash" is none of its fields, which are root_hash, salt, data_blocks, data_block_size, hash_block_size',
    ],
    [
      `${text()},__proto__=1`,
      '"__proto__" is none of its fields, which are root_hash, salt, data_blocks, data_block_size, hash_block_size',
    ],
    [
      `${text()},toString=1`,
      '"toString" is none of its fields, which are root_hash, salt, data_blocks, data_block_size, hash_block_size',
    ],
    [
      `${text()},=1`,
      '"" is none of its fields, which are root_hash, salt, data_blocks, data_block_size, hash_block_size',
    ],
    ["root_hash", '"root_hash" must have the form FIELD=VALUE'],
    [
      text({ data_blocks: "18446744073709551615", data_block_size: "4096" }),
      "data_blocks times data_block_size must be at most 18446744073709551615 sectors of 512 bytes, got 147573952589676412920",
    ],
  ])("refuses %s", (written, rule) => {
    expect(() => parseVerityParams(written)).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: `kernel_verity_params: ${rule}`,
        field: "kernel_verity_params",
      }),
    );
  });

  test("refuses what is too long before it looks at it", () => {
    expect(() => parseVerityParams(`${text()}${",".repeat(5000)}`)).toThrow(
      /^kernel_verity_params must have at most 2048 characters, got \d{4}$/,
    );
  });
});

describe("dmVerityParam()", () => {
  test("is one word of the kernel's command line", () => {
    const param = dmVerityParam(record, "/dev/vda1", "/dev/vda2");
    const word = `dm-mod.create="dm-verity,,,ro,0 736328 verity 1 /dev/vda1 /dev/vda2 4096 4096 92041 0 sha256 ${hash} ${salt}"`;
    expect(printParams([param])).toEqual([word]);
    expect(splitKernelParams(`quiet ${word} panic=1`)).toEqual(["quiet", word, "panic=1"]);
  });

  test("counts sectors of 512 bytes without losing any", () => {
    const huge = { ...record, dataBlocks: 2_305_843_009_213_693_951n };
    expect(dmVerityParam(huge, "/dev/pmem0p1", "/dev/pmem0p2").value).toContain(
      ",0 18446744073709551608 verity 1 /dev/pmem0p1 /dev/pmem0p2 4096 4096 2305843009213693951 0 ",
    );
  });

  test("says what was read", () => {
    const sizes = fc.integer({ min: 9, max: 16 }).map((power) => 2 ** power);
    const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
    const blocks = fc.bigInt({ min: 1n, max: 2n ** 56n });
    fc.assert(
      fc.property(
        hex(64),
        hex(32),
        blocks,
        sizes,
        sizes,
        (rootHash, saltDigits, dataBlocks, dataBlockSize, hashBlockSize) => {
          const verity = parseVerityParams(
            `root_hash=${rootHash},salt=${saltDigits},data_blocks=${dataBlocks},data_block_size=${dataBlockSize},hash_block_size=${hashBlockSize}`,
          );
          expect(verity).toEqual({ rootHash, salt: saltDigits, dataBlocks, dataBlockSize, hashBlockSize });
          const words = verity === undefined ? [] : (dmVerityParam(verity, "D", "H").value ?? "").split(" ");
          expect(words.slice(1)).toEqual([
            String(dataBlocks * BigInt(dataBlockSize / 512)),
            "verity",
            "1",
            "D",
            "H",
            String(dataBlockSize),
            String(hashBlockSize),
            String(dataBlocks),
            "0",
            "sha256",
            rootHash,
            `${saltDigits}"`,
          ]);
        },
      ),
    );
  });
});
