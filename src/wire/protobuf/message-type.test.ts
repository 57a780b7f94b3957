import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { type FieldRow, MessageType } from "./message-type.ts";
import { ProtobufReader } from "./reader.ts";

interface Leaf {
  text: string;
}
const Leaf = new MessageType<Leaf>("test.Leaf", () => [[1, "text", "string"]]);

interface Tree {
  text: string;
  data: Uint8Array;
  on: boolean;
  small: number;
  count: number;
  signed: bigint;
  big: bigint;
  maybe?: number | undefined;
  leaf?: Leaf | undefined;
  leaves: Leaf[];
  names: string[];
  numbers: number[];
  labels: { [key: string]: string };
  index: { [key: string]: Leaf };
}
const Tree = new MessageType<Tree>("test.Tree", (): FieldRow[] => [
  [1, "text", "string"],
  [2, "data", "bytes"],
  [3, "on", "bool"],
  [4, "small", "int32"],
  [5, "count", "uint32"],
  [6, "signed", "int64"],
  [7, "big", "uint64"],
  [8, "maybe", "uint32", "optional"],
  [9, "leaf", Leaf],
  [10, "leaves", Leaf, "repeated"],
  [11, "names", "string", "repeated"],
  [12, "numbers", "uint32", "repeated"],
  [13, "labels", "map", "string"],
  [14, "index", "map", Leaf],
]);

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (encoded: Uint8Array) => Buffer.from(encoded).toString("hex");

describe("create()", () => {
  test("fills in defaults at every depth and copies what it is given", () => {
    const names = ["a"];
    const tree = Tree.create({ names, leaves: [{}], index: { x: { text: "y" } } });
    expect(tree).toMatchObject({
      text: "",
      small: 0,
      signed: 0n,
      leaf: undefined,
      leaves: [{ text: "" }],
      numbers: [],
    });
    names.push("b");
    expect(tree.names).toEqual(["a"]);
    expect(tree.index).toEqual({ x: { text: "y" } });
  });

  test("gives every message lists and maps of its own", () => {
    Tree.create().names.push("x");
    expect(Tree.create().names).toEqual([]);
  });
});

describe("encode()", () => {
  test("writes nothing for defaults and for fields left undefined", () => {
    expect(hexOf(Tree.encode(Tree.create()).finish())).toBe("");
    expect(hexOf(Tree.encode({} as Tree).finish())).toBe("");
  });

  test("tells an optional zero from an absent one", () => {
    expect(hexOf(Tree.encode(Tree.create({ maybe: 0 })).finish())).toBe("4000");
    expect(Tree.decode(bytes("4000")).maybe).toBe(0);
    expect(Tree.decode(bytes("")).maybe).toBeUndefined();
  });

  test.each([
    ["small", { small: 2 ** 31 }, "small must be int32, got 2147483648"],
    ["small", { small: 1.5 }, "small must be int32, got 1.5"],
    ["count", { count: -1 }, "count must be uint32, got -1"],
    ["count", { count: Number.NaN }, "count must be uint32, got NaN"],
    ["numbers", { numbers: [1, 2 ** 32] }, "numbers must be uint32, got 4294967296"],
    ["signed", { signed: 1n << 63n }, "signed must be int64, got 9223372036854775808"],
    ["big", { big: -1n }, "big must be uint64, got -1"],
  ])("refuses a number that %s cannot hold", (_field, message, problem) => {
    const encode = () => Tree.encode(Tree.create(message));
    expect(encode).toThrow(new KataError("out-of-range", `Cannot encode test.Tree: ${problem}`));
  });

  test.each([127, 128, 16383, 16384, 2097151, 2097152])(
    "prefixes a nested message of about %i bytes correctly",
    (size) => {
      for (const length of [size - 4, size - 3, size - 2, size - 1, size]) {
        const tree = Tree.create({ leaf: { text: "x".repeat(length) }, names: ["after"] });
        expect(Tree.decode(Tree.encode(tree).finish())).toEqual(tree);
      }
    },
  );
});

describe("decode()", () => {
  test("tells the texts of one list from those of another, whatever their tags look like", () => {
    type Lists = Record<"first" | "last", string[]>;
    const rows = (first: number, last: number): FieldRow[] => [
      [first, "first", "string", "repeated"],
      [last, "last", "string", "repeated"],
    ];
    for (const [first, last] of [
      [1, 2],
      [15, 16],
      [16, 17],
      [2, 2047],
    ] as const) {
      const type = new MessageType<Lists>("test.Lists", () => rows(first, last));
      const message = { first: ["a", "", "b"], last: ["c", "\u0002\u0082", ""] };
      expect(type.decode(type.encode(message).finish())).toEqual(message);
    }
    expect(Tree.decode(bytes("5a0161 0a0162 5a0163 5a00")).names).toEqual(["a", "c", ""]);
    expect(() => Tree.decode(bytes("5a0161 5a"))).toThrow("bytes end inside a value");
  });

  test("ignores unknown fields and known fields of another wire type", () => {
    const unknown = "f80101 f9010102030405060708 fa0103616263 fd0101020304";
    expect(Tree.decode(bytes(`${unknown} 0a0161 0803 22020101`))).toEqual(Tree.create({ text: "a" }));
  });

  test("takes the last of a repeated single field, merges messages, and appends lists in both forms", () => {
    expect(Tree.decode(bytes("0a0161 0a0162")).text).toBe("b");
    expect(Tree.decode(bytes("4a030a0161 4a00")).leaf).toEqual({ text: "a" });
    expect(Tree.decode(bytes("6001 62020203 6004")).numbers).toEqual([1, 2, 3, 4]);
  });

  test("completes map entries without key or value", () => {
    expect(Tree.decode(bytes("6a00 7200"))).toEqual(Tree.create({ labels: { "": "" }, index: { "": {} } }));
  });

  test("keeps hostile map keys as plain keys", () => {
    const key = Buffer.from("__proto__").toString("hex");
    const tree = Tree.decode(bytes(`6a0e0a09${key}120178 72100a09${key}12030a0179`));
    expect(Object.entries(tree.labels)).toEqual([["__proto__", "x"]]);
    expect(Object.entries(tree.index)).toEqual([["__proto__", { text: "y" }]]);
    expect(tree.labels.constructor).toBeUndefined();
    expect(hexOf(Tree.encode(tree).finish())).toContain(key);
    expect(({} as Record<string, unknown>).text).toBeUndefined();
  });

  test("returns bytes as a view of its input and honours the input's own offset", () => {
    const frame = bytes("ffff 1203010203 ff");
    const { data } = Tree.decode(frame.subarray(2, 7));
    expect([...data]).toEqual([1, 2, 3]);
    expect(data.buffer).toBe(frame.buffer);
  });

  test("keeps a byte-order mark", () => {
    expect(Tree.decode(bytes("0a04efbbbf61")).text).toBe("\uFEFFa");
  });

  const overlong = "ff".repeat(9);
  test.each([
    ["a varint of 11 bytes", `30${overlong}ff01`, "varint exceeds 64 bits"],
    ["a varint above 64 bits", `30${overlong}02`, "varint exceeds 64 bits"],
    ["a 32 bit varint of 11 bytes", `20${overlong}ff01`, "varint exceeds 64 bits"],
    ["an unknown varint of 11 bytes", `f801${overlong}ff01`, "varint exceeds 64 bits"],
    ["a negative length", `0a${overlong}01`, "tag or length exceeds 32 bits"],
    ["a length that wraps at 32 bits", "0a 818080801061", "tag or length exceeds 32 bits"],
    ["a length of 4 GiB", "0affffffff0f", "length 4294967295 exceeds the 0 bytes left"],
    ["a length past the end", "0a0561", "length 5 exceeds the 1 bytes left"],
    ["a nested length past its parent", "4a030a0561 6162636465", "length 5 exceeds the 1 bytes left"],
    ["a nested message that ends inside a tag", "4a018a 0161", "bytes end inside a value"],
    ["a packed list that ends inside a number", "620180 01", "bytes end inside a value"],
    ["a map entry past its parent", "6a020a0561", "length 5 exceeds the 0 bytes left"],
    ["an end inside a varint", "3080", "bytes end inside a value"],
    ["an end before a value", "30", "bytes end inside a value"],
    ["an unknown fixed 64 cut short", "f90101", "item of 8 bytes is cut short"],
    ["an unknown fixed 32 cut short", "fd0101", "item of 4 bytes is cut short"],
    ["an unknown item cut short", "fa017f00", "item of 127 bytes is cut short"],
    ["a group", "fb01 fc01", "wire type 3 is not supported"],
    ["the end of a group", "fc01", "wire type 4 is not supported"],
    ["wire type 6", "fe01", "wire type 6 is not supported"],
    ["wire type 7", "ff01", "wire type 7 is not supported"],
    ["field number 0", "00", "field number 0 is not allowed"],
    ["a tag above 32 bits", "8080808010", "tag or length exceeds 32 bits"],
    ["invalid UTF-8", "0a02c328", "text is not UTF-8"],
    ["an encoded surrogate", "0a03eda080", "text is not UTF-8"],
    ["an overlong slash", "0a02c0af", "text is not UTF-8"],
    ["invalid UTF-8 in a map key", "6a040a02c328", "text is not UTF-8"],
  ])("refuses %s", (_what, input, problem) => {
    expect(() => Tree.decode(bytes(input))).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: expect.stringMatching(/^Malformed test\.Tree at byte \d+: /),
      }),
    );
    expect(() => Tree.decode(bytes(input))).toThrow(problem);
  });

  test("bounds what a small input can make of memory", () => {
    const emptyLeaves = (count: number) => bytes("5200".repeat(count));
    expect(Tree.decode(emptyLeaves(80_000)).leaves).toHaveLength(80_000);
    expect(() => Tree.decode(emptyLeaves(2_000_000))).toThrow(
      expect.objectContaining({
        code: "resource-exhausted",
        message: expect.stringContaining("holds too many values"),
      }),
    );
    expect(() => Tree.decode(bytes(`62a406${"01".repeat(804)}`), 500)).toThrow("holds too many values");
    expect(() => Tree.decode(bytes("6a00".repeat(300)), 500)).toThrow("holds too many values");
    expect(() => Tree.decode(bytes("5a00".repeat(600)), 500)).toThrow("holds too many values");
  });

  test("answers any bytes with a message or a KataError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        try {
          Tree.decode(input);
        } catch (error) {
          expect(error).toBeInstanceOf(KataError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

test("a message in the middle of borrowed bytes is read in place, and its bytes are kept", () => {
  const message = Tree.encode(Tree.create({ text: "t", data: Uint8Array.of(1, 2) })).finish();
  const chunk = concatBytes([Uint8Array.of(9, 9), message, Uint8Array.of(9)]);
  const reader = new ProtobufReader(chunk);
  reader.turnTo(chunk, 2, 2 + message.length, true);
  const decoded = Tree.decodeFrom(reader);
  chunk.fill(0xee);
  expect(decoded).toEqual(Tree.decode(message));
  reader.turnTo(message, 0, 3, false);
  expect(Tree.decodeFrom(reader)).toMatchObject({ text: "t" });
  reader.turnTo(message, 0, 5, true);
  expect(() => Tree.decodeFrom(reader)).toThrow("Malformed test.Tree at byte 5: length 2 exceeds the 0 bytes left");
});

test("any message survives encoding and decoding", () => {
  const uint32 = fc.integer({ min: 0, max: 0xffffffff });
  const leaf = fc.record({ text: fc.string({ unit: "binary" }) });
  const tree: fc.Arbitrary<Tree> = fc.record({
    text: fc.string({ unit: "binary", maxLength: 300 }),
    data: fc.uint8Array({ maxLength: 300 }),
    on: fc.boolean(),
    small: fc.integer(),
    count: uint32,
    signed: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    big: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    maybe: fc.option(uint32, { nil: undefined }),
    leaf: fc.option(leaf, { nil: undefined }),
    leaves: fc.array(leaf),
    names: fc.array(fc.string()),
    numbers: fc.array(uint32),
    labels: fc.dictionary(fc.string(), fc.string()),
    index: fc.dictionary(fc.string(), leaf),
  });
  fc.assert(
    fc.property(tree, (message) => {
      expect(Tree.decode(Tree.encode(message).finish())).toEqual(message);
    }),
  );
});
