import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "../../base/bytes.ts";
import { LineRing, printable } from "./line-ring.ts";

describe("LineRing", () => {
  test("keeps the last lines, also of split chunks, and the unfinished one", () => {
    const ring = new LineRing({ lines: 2 });
    for (const chunk of ["one\ntw", "o\n\r\nthree\r\nfo", "ur"]) ring.push(utf8Encode(chunk));
    expect(ring.tail()).toEqual(["two", "three", "four"]);
  });

  test("bounds lines and floods", () => {
    const ring = new LineRing({ lines: 3, lineLength: 10 });
    for (let i = 0; i < 50; i++) ring.push(utf8Encode("x".repeat(100_000)));
    expect(ring.tail()).toEqual(["x".repeat(10)]);
    ring.push(utf8Encode(`\n${"y\n".repeat(100_000)}`));
    expect(ring.tail()).toEqual(["y", "y", "y"]);
  });

  test("hands out complete lines", () => {
    const lines: string[] = [];
    const ring = new LineRing({ lines: 1, onLine: (line) => lines.push(line) });
    ring.push(utf8Encode("a\n\x1b[31mb\x1b[0m\nc"));
    expect(lines).toEqual(["a", "b"]);
  });
});

describe("printable()", () => {
  test.each([
    ["\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1)", "SeaBIOS (version 1)"],
    ["title\x1b]0;evil\x07 end", "title end"],
    ["a\tb\x00c\x07\r", "a bc"],
    ["größe €", "größe €"],
    ["\u202eevil\u2066", "evil"],
  ])("%j", (text, clean) => {
    expect(printable(text)).toBe(clean);
  });

  test("leaves no control character in anything", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
        expect(printable(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      }),
    );
  });
});
