import { describe, expect, test } from "vitest";
import { mergeTables, parseToml } from "./toml.ts";

describe("parseToml()", () => {
  test("reads tables, also when most of the text is comments", () => {
    const text = '# one\n  # two\r\n[a.b]\n#x = 1\nx = 2 # three\ny = "# no comment"\n';
    expect(parseToml(text, "f")).toEqual({ a: { b: { x: 2, y: "# no comment" } } });
  });

  test("keeps lines of multi-line strings that look like comments", () => {
    expect(parseToml('s = """\n# text\n"""\n', "f")).toEqual({ s: "# text\n" });
  });

  test("says where the text is wrong, whatever comments stand before", () => {
    expect(() => parseToml("# comment\n# another\n[a]\nx = yes\n", "/etc/c.toml")).toThrow(
      /^\/etc\/c\.toml:4:\d+ {2}not TOML: /,
    );
  });

  test("treats names of Object's members as ordinary keys", () => {
    const table = parseToml("__proto__ = 1\nconstructor = 2\n", "f");
    expect(Object.keys(table)).toEqual(["__proto__", "constructor"]);
    expect(Object.keys(mergeTables(table, parseToml("x = 3", "f")))).toEqual(["__proto__", "constructor", "x"]);
  });
});

test("mergeTables() merges tables and replaces everything else", () => {
  const base = parseToml("a = [1, 2]\n[t]\nx = 1\ny = 2\n", "f");
  const over = parseToml("a = [3]\n[t]\ny = 4\n[u]\nz = 5\n", "g");
  expect(mergeTables(base, over)).toEqual({ a: [3], t: { x: 1, y: 4 }, u: { z: 5 } });
  expect(base).toEqual({ a: [1, 2], t: { x: 1, y: 2 } });
});
