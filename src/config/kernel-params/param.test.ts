import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  hasOpenQuote,
  paramName,
  paramValue,
  parseParam,
  parseParams,
  printParams,
  splitKernelParams,
} from "./param.ts";

const verity = 'dm-mod.create="dm-verity,,,ro,0 736328 verity 1 /dev/vda1 /dev/vda2 4096 4096 92041 0 sha256 f2 06"';

describe("splitKernelParams()", () => {
  test.each([
    ["", []],
    [" \t\n ", []],
    ["quiet", ["quiet"]],
    ["  a  b=1\tc ", ["a", "b=1", "c"]],
    ["a\nb\vc\fd\re", ["a", "b", "c", "d", "e"]],
    ["no\u00a0break\u2028here", ["no\u00a0break\u2028here"]],
    ['dyndbg="file drivers/usb/* +p" quiet', ['dyndbg="file drivers/usb/* +p"', "quiet"]],
    ['"a b"=c d', ['"a b"=c', "d"]],
    ['"cgroup_no_v1=all" "pci=realloc"', ['"cgroup_no_v1=all"', '"pci=realloc"']],
    ['x="" y', ['x=""', "y"]],
    ['a="b c"d"e f" g', ['a="b c"d"e f"', "g"]],
    ['open="x y', ['open="x y']],
    ['"', ['"']],
    ['" "', ['" "']],
    [`root=/dev/dm-0 ${verity} quiet`, ["root=/dev/dm-0", verity, "quiet"]],
  ])("%j", (text, words) => {
    expect(splitKernelParams(text)).toEqual(words);
  });

  test("takes a line of megabytes in its stride", () => {
    expect(splitKernelParams("a ".repeat(1_000_000))).toHaveLength(1_000_000);
    expect(splitKernelParams(`x="${" ".repeat(4_000_000)}"`)).toHaveLength(1);
  });
});

describe("parseParam()", () => {
  test.each([
    ["quiet", { key: "quiet", value: undefined }],
    ["a=", { key: "a", value: "" }],
    ["a=1", { key: "a", value: "1" }],
    ["a=b=c", { key: "a", value: "b=c" }],
    ["=a", { key: "=a", value: undefined }],
    ["=a=b", { key: "=a", value: "b" }],
    ["==", { key: "=", value: "" }],
    ['a="b c"', { key: "a", value: '"b c"' }],
    ['"a=b c"', { key: '"a', value: 'b c"' }],
    ["__proto__=1", { key: "__proto__", value: "1" }],
    ["--", { key: "--", value: undefined }],
  ])("%s", (word, param) => {
    expect(parseParam(word)).toEqual(param);
  });

  test.each([
    ["", '""'],
    [" ", '" "'],
    ["a b", '"a b"'],
    [" a", '" a"'],
    ["a\n", '"a\\n"'],
    ["x".repeat(70).concat(" y"), `"${"x".repeat(64)}..."`],
  ])("refuses %j", (word, shown) => {
    expect(() => parseParam(word)).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: `A kernel parameter must be one word, got ${shown}`,
        hint: 'Put double quotes around a value with spaces: key="a b"',
      }),
    );
  });
});

describe("parseParams() and printParams()", () => {
  test("empty words count for nothing", () => {
    expect(parseParams(["", "a=1", "", "b"])).toEqual([
      { key: "a", value: "1" },
      { key: "b", value: undefined },
    ]);
    expect(parseParams([])).toEqual([]);
  });

  test.each([
    [{ key: "", value: undefined }, "=", []],
    [{ key: "", value: "" }, "=", []],
    [{ key: "", value: "v" }, "=", ["v"]],
    [{ key: "k", value: undefined }, "=", ["k"]],
    [{ key: "k", value: "" }, "=", ["k="]],
    [{ key: "k", value: "v" }, "=", ["k=v"]],
    [{ key: "k", value: "v" }, ":", ["k:v"]],
    [{ key: "-k", value: "v" }, "", ["-k", "v"]],
    [{ key: "-k", value: undefined }, "", ["-k"]],
  ])("%j with %j", (param, separator, words) => {
    expect(printParams([param], separator)).toEqual(words);
    expect(printParams([param, param], separator)).toEqual([...words, ...words]);
  });

  test("the separator is an equals sign unless another is wanted", () => {
    expect(printParams([{ key: "a", value: "1" }])).toEqual(["a=1"]);
  });

  const piece = fc.constantFrom('"', " ", "=", "a", "b", "-", "_", ".", "é", "\t", "1");
  const line = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

  test("no word is lost or changed", () => {
    fc.assert(
      fc.property(line, (text) => {
        const words = splitKernelParams(text);
        const printed = printParams(parseParams(words));
        expect(printed).toEqual(words);
        expect(splitKernelParams(printed.join(" "))).toEqual(words);
        expect(words.join("")).toBe(dropSpaces(text));
      }),
    );
  });

  test("what is printed is read as it was", () => {
    const key = fc.stringMatching(/^[a-z_.-][a-z0-9_.-]{0,8}$/);
    const value = fc.oneof(
      fc.constant(undefined),
      fc.stringMatching(/^[\w=,/:.-]{0,12}$/),
      fc.stringMatching(/^[\w= ]{0,12}$/).map((text) => `"${text}"`),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ key, value })), (params) => {
        const line = printParams(params).join(" ");
        expect(parseParams(splitKernelParams(line))).toEqual(params);
      }),
    );
  });
});

test.each([
  ["quiet", "quiet", undefined],
  ["a=1", "a", "1"],
  ["a=", "a", ""],
  ['a="b c"', "a", "b c"],
  ['"a=b c"', "a", "b c"],
  ['"quiet"', "quiet", undefined],
  ['a="open', "a", "open"],
  ['a=b"c"', "a", 'b"c"'],
  ['a=""', "a", ""],
  ["dm-mod.create=x", "dm_mod.create", "x"],
  ["log-buf-len=1-M", "log_buf_len", "1-M"],
  ['"', "", undefined],
])("paramName() and paramValue() of %s", (word, name, value) => {
  expect(paramName(parseParam(word))).toBe(name);
  expect(paramValue(parseParam(word))).toBe(value);
});

test.each([
  ["", false],
  ['a="b c"', false],
  ['a="b c', true],
  ['"a" "', true],
])("hasOpenQuote(%j)", (text, open) => {
  expect(hasOpenQuote(text)).toBe(open);
});

/** All but the spaces outside quotes. */
function dropSpaces(text: string): string {
  return text
    .split('"')
    .map((part, index) => (index % 2 === 0 ? part.replace(/[ \t\n\v\f\r]/g, "") : part))
    .join('"');
}
