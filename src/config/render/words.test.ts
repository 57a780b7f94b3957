import { describe, expect, test } from "vitest";
import {
  choice,
  decimal,
  flag,
  idList,
  integer,
  type Key,
  path,
  tables,
  text,
  textList,
  wideInteger,
} from "../schema/key.ts";
import { settingJson, settingText } from "./value.ts";
import { allowedText, defaultsLine, isUnused, limitTexts, synonymTexts, typeText } from "./words.ts";

const meaning = "It means something";

describe("settingText()", () => {
  const row = { name: text({ fallback: "", meaning }), size: integer({ fallback: 0, min: 0, meaning }) };
  test.each<[Key<never>, unknown, string]>([
    [flag({ fallback: false, meaning }) as never, true, "true"],
    [integer({ fallback: 0, min: 0, meaning }) as never, 7, "7"],
    [wideInteger({ fallback: 0n, meaning }) as never, 0xffff_ffff_ffff_ffffn, "18446744073709551615"],
    [decimal({ fallback: 1, max: 9, rule: "", meaning }) as never, 2.5, "2.5"],
    [decimal({ fallback: 1, max: 9, rule: "", meaning }) as never, 2, "2"],
    [decimal({ fallback: 1, max: 9, rule: "", meaning }) as never, -1, "-1"],
    [text({ fallback: "", meaning }) as never, 'a "b" \\', '"a \\"b\\" \\\\"'],
    [path({ fallback: "/", meaning }) as never, "/a b", '"/a b"'],
    [choice(["a", "b"], { fallback: "a", meaning }) as never, "b", '"b"'],
    [textList({ fallback: [], meaning }) as never, [], "[]"],
    [textList({ fallback: [], meaning }) as never, ["a", ""], '["a", ""]'],
    [idList({ fallback: [], meaning }) as never, [0, 4_294_967_295], "[0, 4294967295]"],
    [tables(row, { fallback: [], meaning }) as never, [{ name: "x", size: 1 }], '[{ name = "x", size = 1 }]'],
  ])("of %o and %o is %s", ({ shape }, value, written) => {
    expect(settingText(shape, value)).toBe(written);
  });
});

test("settingJson() keeps what JSON can hold", () => {
  expect(settingJson(5n)).toBe(5);
  expect(settingJson(0xffff_ffff_ffff_ffffn)).toBe("18446744073709551615");
  expect(settingJson([{ a: 1n, b: ["x"] }])).toEqual([{ a: 1, b: ["x"] }]);
});

describe("words about a key", () => {
  test.each<[Key<never>, string, string | undefined]>([
    [flag({ fallback: false, meaning }) as never, "true or false", undefined],
    [integer({ fallback: 1, min: 1, max: 16, meaning }) as never, "whole number", "a whole number from 1 to 16"],
    [
      integer({ fallback: 2, min: 2, max: 1024, powerOfTwo: true, meaning }) as never,
      "whole number",
      "a power of two from 2 to 1024",
    ],
    [integer({ fallback: 0, min: 0, meaning }) as never, "whole number", undefined],
    [choice(["", "b"], { fallback: "", meaning }) as never, "string", 'one of "", b'],
    [text({ fallback: "", meaning }) as never, "string", undefined],
    [text({ fallback: "", pattern: /^x$/, rule: "must be x", meaning }) as never, "string", "x"],
    [path({ fallback: "", optional: true, meaning }) as never, "absolute path", undefined],
    [textList({ fallback: [], meaning }) as never, "list of strings", undefined],
    [idList({ fallback: [], meaning }) as never, "list of whole numbers", undefined],
    [tables({}, { fallback: [], meaning }) as never, "list of tables", undefined],
  ])("%#: type %s, allowed %s", (key, type, allowed) => {
    expect([typeText(key.shape), allowedText(key)]).toEqual([type, allowed]);
  });

  test("name other spellings and special defaults", () => {
    const key = choice(["virtio-9p", "none"], {
      synonyms: { "9p": "virtio-9p" },
      fallback: "none",
      defaults: [
        { hypervisors: ["qemu", "clh"], archs: ["arm64"], value: "virtio-9p" },
        { archs: ["s390x"], value: "none" },
      ],
      meaning,
    });
    expect(synonymTexts(key)).toEqual(["9p for virtio-9p"]);
    expect(defaultsLine(key)).toBe('"none"; "virtio-9p" for qemu, clh on arm64; "none" for s390x');
  });

  test("say which values are not done", () => {
    const why = "has no effect: nobody wanted it";
    const aFlag = flag({ fallback: false, limits: [{ level: "ignored", why }], meaning });
    expect(limitTexts("a", aFlag)).toEqual([`a = true ${why}`]);
    expect(isUnused(aFlag)).toBe(true);
    const chosen = choice(["x", "y", "z"], {
      fallback: "x",
      limits: [{ level: "refused", why: "is not there", values: ["y", "z"] }],
      meaning,
    });
    expect(limitTexts("b", chosen)).toEqual(['b = "y" or "z" is not there; a sandbox is not started']);
    expect(isUnused(chosen)).toBe(false);
    const list = textList({ fallback: [], limits: [{ level: "ignored", why, harmless: [["a"]] }], meaning });
    expect(limitTexts("c", list)).toEqual([`c with another value than [] or ["a"] ${why}`]);
  });
});
