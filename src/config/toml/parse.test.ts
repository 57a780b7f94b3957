import { describe, expect, test } from "vitest";
import { parseToml } from "./parse.ts";
import { positionAt } from "./position.ts";
import { plain } from "./testing/plain.ts";
import { TomlDate, TomlFloat, TomlTable } from "./value.ts";

/** The data of a text that is right. */
function data(source: string): unknown {
  const { table, mistakes } = parseToml(source);
  expect(mistakes).toEqual([]);
  return plain(table);
}

const float = (value: number) => new TomlFloat(value);
const date = (text: string) => new TomlDate(text);

describe("parseToml() reads", () => {
  test.each<[string, string, unknown]>([
    ["nothing", "", {}],
    ["a byte order mark", "\ufeffa = 1", { a: 1 }],
    ["comments and empty lines", "# one\n\n  # two\n\t\r\n#\na = 1 # three\n# four", { a: 1 }],
    ["tabs and other characters in comments", "#\tä 😀 \u0080\u2028\na = 1", { a: 1 }],
    ["white space around keys and values", "  a\t =\t 1  \n\tb=2", { a: 1, b: 2 }],
    ["CRLF", "a = 1\r\n[t]\r\nb = 2\r\nc = [\r\n 1,\r\n]\r\n", { a: 1, t: { b: 2, c: [1] } }],
    ["bare keys", "a-b_C9 = 1\n1234 = 2\n-=3", { "a-b_C9": 1, "1234": 2, "-": 3 }],
    ["quoted keys", `"a b" = 1\n'c"d' = 2\n"" = 3\n"\\u00e9\\n" = 4`, { "a b": 1, 'c"d': 2, "": 3, "é\n": 4 }],
    ["dotted keys", "a.b.c = 1\na . d = 2\n'x'.\"y\".z = 3", { a: { b: { c: 1 }, d: 2 }, x: { y: { z: 3 } } }],
    ["keys that look like numbers", "3.14 = 1\n2024-01-01 = 2", { "3": { "14": 1 }, "2024-01-01": 2 }],
  ])("%s", (_, source, expected) => {
    expect(data(source)).toEqual(expected);
  });

  test.each<[string, string]>([
    [`"a"`, "a"],
    [`""`, ""],
    [`''`, ""],
    [`"# no comment"`, "# no comment"],
    [`'C:\\x"y'`, 'C:\\x"y'],
    [`"\\b\\t\\n\\f\\r\\"\\\\"`, '\b\t\n\f\r"\\'],
    [`"\\u00e9\\U0001F600\\uFFFF\\u0000"`, "é😀\uffff\0"],
    [`"ä\t😀\u0080"`, "ä\t😀\u0080"],
    [`""""""`, ""],
    [`''''''`, ""],
    [`"""\na\nb"""`, "a\nb"],
    [`"""\r\na\r\nb"""`, "a\r\nb"],
    [`'''\n\na'''`, "\na"],
    [`"""a\\\n   b \\  \r\n\r\n \t c"""`, "ab c"],
    [`"""a\\n\\u0041"""`, "a\nA"],
    [`"""\\\n"""`, ""],
    [`"""a""""`, 'a"'],
    [`"""a"""""`, 'a""'],
    [`"""""a"""`, '""a'],
    [`"""a "" b " c \\""" d"""`, 'a "" b " c """ d'],
    [`'''a'b''c'''''`, "a'b''c''"],
    [`'''\\n # x'''`, "\\n # x"],
  ])("the string %s", (text, expected) => {
    expect(data(`a = ${text}`)).toEqual({ a: expected });
    expect(data(`a = [${text}, ${text} ]# x\nb = {c = ${text}}`)).toEqual({
      a: [expected, expected],
      b: { c: expected },
    });
  });

  test.each<[string, unknown]>([
    ["0", 0],
    ["+0", 0],
    ["-0", 0],
    ["42", 42],
    ["+99", 99],
    ["-17", -17],
    ["1_000_000", 1_000_000],
    ["1_2_3", 123],
    ["0xDEAD_beef", 0xdeadbeef],
    ["0o01_234567", 0o1234567],
    ["0b1101_0110", 0b11010110],
    ["0x0", 0],
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["9223372036854775807", 9223372036854775807n],
    ["+9223372036854775807", 9223372036854775807n],
    ["-9223372036854775808", -9223372036854775808n],
    ["0x7fff_ffff_ffff_ffff", 9223372036854775807n],
    ["1.0", float(1)],
    ["+2.5_5", float(2.55)],
    ["-0.01", float(-0.01)],
    ["-0.0", float(-0)],
    ["5e+22", float(5e22)],
    ["1e0_6", float(1e6)],
    ["-2E-2", float(-0.02)],
    ["6.626e-34", float(6.626e-34)],
    ["0e0", float(0)],
    ["1e999", float(Infinity)],
    ["inf", float(Infinity)],
    ["+inf", float(Infinity)],
    ["-inf", float(-Infinity)],
    ["nan", float(NaN)],
    ["+nan", float(NaN)],
    ["-nan", float(NaN)],
    ["true", true],
    ["false", false],
    ["1979-05-27T07:32:00Z", date("1979-05-27T07:32:00Z")],
    ["1979-05-27 07:32:00.999999-07:00", date("1979-05-27 07:32:00.999999-07:00")],
    ["1979-05-27t07:32:00z", date("1979-05-27t07:32:00z")],
    ["1979-05-27T07:32:00", date("1979-05-27T07:32:00")],
    ["1979-05-27", date("1979-05-27")],
    ["2024-02-29", date("2024-02-29")],
    ["07:32:00", date("07:32:00")],
    ["23:59:60.5", date("23:59:60.5")],
  ])("the value %s", (text, expected) => {
    expect(data(`a = ${text}`)).toEqual({ a: expected });
    expect(data(`a =${text}# x\nb = [${text},${text}]\nc = {d=${text}}\n`)).toEqual({
      a: expected,
      b: [expected, expected],
      c: { d: expected },
    });
  });

  test.each<[string, unknown]>([
    ["a = []", { a: [] }],
    ["a = [ ]", { a: [] }],
    ["a = [1, 'x', [true], {b = 2}]", { a: [1, "x", [true], { b: 2 }] }],
    ["a = [ # x\n  1 # y\n  , # z\n\n 2,\n]", { a: [1, 2] }],
    ["a = [\n  [1],\n  [true]\n  , [nan]\n]", { a: [[1], [true], [float(NaN)]] }],
    ["a = [\n  ['x'],\n  [\"y\"]\n]\nb = 1", { a: [["x"], ["y"]], b: 1 }],
    ["a = ['''\nx = 1''',\n]", { a: ["x = 1"] }],
    ["a = {}", { a: {} }],
    ["a = { b = 1, c.d = 2, c.e = 3, 'f g' = {h = []} }", { a: { b: 1, c: { d: 2, e: 3 }, "f g": { h: [] } } }],
    ["a = { b = [\n 1,\n 2 ], c = '''\n''' }", { a: { b: [1, 2], c: "" } }],
    ["[a]\nx = 1\n[a.b]\nx = 2", { a: { x: 1, b: { x: 2 } } }],
    ["[a.b.c]\nx = 1\n[a]\ny = 2\n[a.b]\nz = 3", { a: { b: { c: { x: 1 }, z: 3 }, y: 2 } }],
    ["[ a . 'b' ] # x\n[\"\"]", { a: { b: {} }, "": {} }],
    ["a.b = 1\n[a.c]\nd = 2", { a: { b: 1, c: { d: 2 } } }],
    ["[a]\nb.c = 1\nb.d = 2\n[a.b.e]\nf = 3", { a: { b: { c: 1, d: 2, e: { f: 3 } } } }],
    ["[a.b.c]\n[a]\nb.d = 1", { a: { b: { c: {}, d: 1 } } }],
    ["[[a]]\nx = 1\n[[a]]\n[[a]]\nx = 2", { a: [{ x: 1 }, {}, { x: 2 }] }],
    ["[[a]]\n[a.b]\nx = 1\n[[a.c]]\n[[a]]\n[a.b]\nx = 2", { a: [{ b: { x: 1 }, c: [{}] }, { b: { x: 2 } }] }],
    ["[[a.b]]\nx = 1\n[a]\ny = 2", { a: { b: [{ x: 1 }], y: 2 } }],
  ])("%j", (source, expected) => {
    expect(data(source)).toEqual(expected);
    expect(data(source.replaceAll("\n", "\r\n"))).toEqual(expected);
  });

  test("in the order of the file", () => {
    expect([...parseToml("b = 1\n[z]\n[a]\n[1]").table.keys()]).toEqual(["b", "z", "a", "1"]);
  });

  test("names of Object's members as any others", () => {
    const { table, mistakes } = parseToml(
      "constructor = 1\n[__proto__]\npolluted = 1\n[a]\n__proto__ = {polluted = 1}\n[toString.__proto__]",
    );
    expect(mistakes).toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect([...table.keys()]).toEqual(["constructor", "__proto__", "a", "toString"]);
    const inner = table.get("a")?.value;
    expect(inner instanceof TomlTable && inner.get("__proto__")?.value).toBeInstanceOf(TomlTable);
  });
});

describe("parseToml() says where", () => {
  test("keys and values begin", () => {
    const source = [
      "\ufeffone = 1 # x",
      "  two.'three' =  \"x\"",
      "[ tab . le ]",
      'list = [ 1, "😀" ]; '.slice(0, -2),
      "in = { a = 1, b.c = [] }",
      "[[rows]]",
      "x = 1",
      "[[rows]]",
      "x = 2",
    ].join("\n");
    const { table, mistakes } = parseToml(source);
    expect(mistakes).toEqual([]);
    const places: Record<string, string> = {};
    const walk = (inner: TomlTable, path: string) => {
      for (const [key, { value, keyAt, valueAt }] of inner.entries) {
        const [from, to] = [positionAt(source, keyAt), positionAt(source, valueAt)];
        places[path + key] = `${from.line}:${from.column} ${to.line}:${to.column}`;
        if (value instanceof TomlTable) walk(value, `${path}${key}.`);
        if (Array.isArray(value)) {
          for (const [index, item] of value.entries())
            if (item instanceof TomlTable) walk(item, `${path}${key}${index}.`);
        }
      }
    };
    walk(table, "");
    expect(places).toEqual({
      one: "1:1 1:7",
      two: "2:3 2:3",
      "two.three": "2:7 2:18",
      tab: "3:3 3:3",
      "tab.le": "3:9 3:1",
      "tab.le.list": "4:1 4:8",
      "tab.le.in": "5:1 5:6",
      "tab.le.in.a": "5:8 5:12",
      "tab.le.in.b": "5:15 5:15",
      "tab.le.in.b.c": "5:17 5:21",
      rows: "6:3 6:1",
      "rows0.x": "7:1 7:5",
      "rows1.x": "9:1 9:5",
    });
  });
});
