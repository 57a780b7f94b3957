import { expect, test } from "../../../test/native/runner.ts";
import { parseToml } from "./parse.ts";
import { LineIndex } from "./position.ts";
import { printTomlTable, printTomlValue } from "./print.ts";
import { TomlDate, TomlFloat, TomlTable, type TomlValue } from "./value.ts";

// The regular expressions, numbers and Unicode of this engine are its own: one document with every construct, in all detail.
const everything = `\ufeff# ä comment 😀\r
title = "a \\"b\\" \\u00e9\\U0001F600\\t"  # x
"quoted \\n" . 'key'.bare-_9 = 'C:\\x'
multi = """
one \\
   two ""
three"""
literal = '''
\\n'''''
ints = [0, -17, +1_000, 0xff_FF, 0o17, 0b101, 9007199254740993, -9223372036854775808]
floats = [
  1.0, -0.0, 5e+22, 6.6_2E-34, # y
  inf, -inf, nan,
]
flags = [true, false]
dates = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5, 1979-05-27, 07:32:00]
point = { x = 1, y.z = [], "😀" = {} }
__proto__.constructor = 1

[servers]
[servers.alpha]
ip = "::1"
[[rows]]
n = 1
[rows.sub]
[[rows]]
`;

/** Data as text, for comparison. */
function show(value: TomlValue): string {
  if (value instanceof TomlTable)
    return `{${[...value.entries].map(([key, { value }]) => `${key}:${show(value)}`).join()}}`;
  if (value instanceof TomlFloat) return `float ${Object.is(value.value, -0) ? "-0" : value.value}`;
  if (value instanceof TomlDate) return `date ${value.text}`;
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  return typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
}

const shown =
  '{title:"a \\"b\\" é😀\\t",quoted \n:{key:{bare-_9:"C:\\\\x"}},multi:"one two \\"\\"\\nthree",literal:"\\\\n\'\'",' +
  "ints:[0,-17,1000,65535,15,5,9007199254740993n,-9223372036854775808n]," +
  "floats:[float 1,float -0,float 5e+22,float 6.62e-34,float Infinity,float -Infinity,float NaN],flags:[true,false]," +
  "dates:[date 1979-05-27T07:32:00Z,date 1979-05-27 07:32:00.5,date 1979-05-27,date 07:32:00]," +
  'point:{x:1,y:{z:[]},😀:{}},__proto__:{constructor:1},servers:{alpha:{ip:"::1"}},rows:[{n:1,sub:{}},{}]}';

test("parseToml() reads a document with every construct", () => {
  const { table, mistakes } = parseToml(everything);
  expect(mistakes).toEqual([]);
  expect(show(table)).toBe(shown);
});

test("parseToml() reads what was printed", () => {
  const { table } = parseToml(everything);
  const printed = parseToml(printTomlTable(table));
  expect(printed.mistakes).toEqual([]);
  expect(printTomlValue(printed.table)).toBe(printTomlValue(parseToml(printTomlTable(printed.table)).table));
  for (const key of table.keys()) {
    expect(show(printed.table.get(key)?.value ?? false)).toBe(show(table.get(key)?.value ?? true));
  }
});

test("parseToml() says where everything is wrong", () => {
  const source = [
    "a = 1",
    "é = 1",
    'b = "\\d"',
    "c = yes # x",
    "a = 2",
    "d = [",
    '  "e",',
    "f = 9223372036854775808",
    "[g",
    "h = '\x01\ud800'",
    'i = """',
  ].join("\n");
  const lines = new LineIndex(source);
  const found = parseToml(source).mistakes.map(({ at }) => Object.values(lines.positionAt(at)).join(":"));
  expect(found).toEqual(["2:1", "3:6", "4:5", "5:1", "6:5", "8:5", "9:3", "10:6", "10:7", "11:5"]);
});

// Regular expressions of this engine keep what they may go back to in memory, and its stack is small.
test(
  "parseToml() bears a lot of anything",
  () => {
    const fill = (text: string) => text.repeat(Math.ceil((1 << 17) / text.length));
    const hostile: readonly [string, boolean][] = [
      [`a = ${fill("[")}`, false],
      [`a = ${fill("{a=")}`, false],
      [`a = ${"[".repeat(64)}${"]".repeat(64)}`, true],
      [`a = ${"{a=".repeat(64)}1${"}".repeat(64)}`, true],
      [`a${fill(".a")} = 1`, false],
      [`a = "${fill("x")}"`, true],
      [`a = "${fill("\\n")}"`, true],
      [`a = """${fill('" \\\n')}"""`, true],
      [`a = '''${fill("' ")}`, false],
      [`a = [${fill("1,")}]`, true],
      [`a = [\n${fill("'x',\n")}`, false],
      [`a = ${fill("1_")}`, false],
      [fill("a"), false],
      [fill("a b\n"), false],
      [fill("#\n"), true],
      [fill("\n"), true],
      [fill(" \t"), true],
      [fill("\r"), false],
      [fill("\0"), false],
      [`# ${fill("😀")}`, true],
    ];
    for (const [source, isRight] of hostile) {
      const { mistakes } = parseToml(source);
      expect(mistakes.length === 0).toBe(isRight);
      expect(mistakes.length <= 101).toBe(true);
    }
  },
  { timeoutMs: 120_000 },
);
