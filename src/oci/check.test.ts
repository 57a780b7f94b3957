import { describe, expect, test } from "vitest";
import { absolutePath, bigInteger, FieldProblem, integer, list, object, oneOf, text, textMap } from "./check.ts";
import { parseJson } from "./json.ts";

const outer = object<{ list: readonly { n: number }[] }>({
  list: list(object<{ n: number }>({ n: integer(0, 9) }), 3),
});

/** Path and message of the problem that `run` throws. */
function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FieldProblem) return `${error.path} ${error.message}`;
    throw error;
  }
  return "no problem";
}

describe("checks", () => {
  test("a problem names its place", () => {
    expect(problemOf(() => outer({ list: [{ n: 1 }, { n: 10 }] }))).toBe(
      "list[1].n must be a whole number from 0 to 9, got 10",
    );
    expect(problemOf(() => outer({ list: [1] }))).toBe("list[0] must be an object, got 1");
    expect(problemOf(() => outer({ list: {} }))).toBe("list must be a list, got an object");
    expect(problemOf(() => outer({ list: [{}, {}, {}, {}] }))).toBe("list must have at most 3 entries, got 4");
  });

  test("only own properties count, and unknown ones are dropped", () => {
    const check = object<{ constructor: string }>({ constructor: (value) => String(value) });
    expect(check({ other: 1 })).toEqual({ constructor: "undefined" });
    expect(Object.keys(outer({ list: [], more: 1 }))).toEqual(["list"]);
  });

  test("textMap() has no prototype and keeps odd names as names", () => {
    const map = textMap(text, 9)(JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}'));
    expect(Object.entries(map)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["toString", "c"],
    ]);
    expect(Object.getPrototypeOf(map)).toBeNull();
    expect(map.hasOwnProperty).toBeUndefined();
  });

  test.each([
    ["text with NUL", () => text("a\0b")],
    ["a number for text", () => text(7)],
    ["a float", () => integer(0, 9)(1.5)],
    ["a number in quotes", () => integer(0, 9)("1")],
    ["an exponent beyond doubles", () => integer(0, 9)(1e300)],
    ["a big integer above its range", () => bigInteger(0n, 9n)(parseJson("12345678901234567890", "x"))],
    ["another word", () => oneOf(["a"])("b")],
    ["a relative path", () => absolutePath("a")],
    ["a path with ..", () => absolutePath("/a/..")],
  ])("refuse %s", (_name, run) => expect(run).toThrow(FieldProblem));

  test("absolutePath() tidies", () => {
    expect(absolutePath("/a//b/./c/")).toBe("/a/b/c");
    expect(absolutePath("/")).toBe("/");
    expect(absolutePath("/a..b/...")).toBe("/a..b/...");
  });
});
