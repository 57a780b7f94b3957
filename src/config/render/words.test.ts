import { describe, expect, test } from "vitest";
import { choice, flag, idList, integer, type Key, path, tables, text, textList } from "../schema/key.ts";
import { settingJson, settingText } from "./value.ts";
import { allowedText, defaultsLine, isUnused, limitTexts, synonymTexts, typeText } from "./words.ts";

const meaning = "It means something";

describe("settingText()", () => {
  test.each<[unknown, string]>([
    [true, "true"],
    [7, "7"],
    [-1, "-1"],
    [2.5, "2.5"],
    [0xffff_ffff_ffff_ffffn, "18446744073709551615"],
    ['a "b" \\', '"a \\"b\\" \\\\"'],
    ["a\u202eb\u009bc\u{1f600}", '"a\\u202eb\\u009bc\u{1f600}"'],
    [[], "[]"],
    [["a", ""], '["a", ""]'],
    [[{ name: "x", size: 1 }], '[{ name = "x", size = 1 }]'],
    [undefined, "unset"],
  ])("%#", (value, written) => {
    expect(settingText(value)).toBe(written);
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
    [path({ fallback: "", optional: true, meaning }) as never, "absolute path, or empty", undefined],
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
    const why = "is not possible: nobody wanted it";
    const refused = { level: "refused", why } as const;
    const ignored = { level: "ignored", why: "has no effect: nobody wanted it" } as const;
    const aFlag = flag({ fallback: false, limits: [refused], meaning });
    expect(limitTexts(aFlag)).toEqual([`true ${why}`]);
    expect(isUnused(aFlag)).toBe(true);
    expect(limitTexts(flag({ fallback: false, limits: [ignored], meaning }))).toEqual([
      "Has no effect: nobody wanted it",
    ]);
    const chosen = choice(["x", "y", "z"], {
      fallback: "x",
      limits: [
        { ...refused, values: ["y", "z"] },
        { ...ignored, values: ["x"] },
      ],
      meaning,
    });
    expect(limitTexts(chosen)).toEqual([`"y" or "z" ${why}`, '"x" has no effect: nobody wanted it']);
    expect(isUnused(chosen)).toBe(false);
    expect(limitTexts(textList({ fallback: [], limits: [refused], meaning }))).toEqual([`Another value ${why}`]);
    const list = textList({ fallback: [], limits: [{ ...refused, harmless: [["a"], ["b"]] }], meaning });
    expect(limitTexts(list)).toEqual([`Another value than [], ["a"] or ["b"] ${why}`]);
  });
});
