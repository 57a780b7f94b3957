import { describe, expect, test } from "vitest";
import { parseToml } from "./parse.ts";
import { positionAt } from "./position.ts";
import { plain } from "./testing/plain.ts";

/** The mistakes of a text, as LINE:COLUMN MESSAGE. */
function mistakesOf(source: string): string[] {
  return parseToml(source).mistakes.map(({ at, message }) => {
    const { line, column } = positionAt(source, at);
    return `${line}:${column} ${message}`;
  });
}

describe("parseToml() refuses", () => {
  const mistakes = {
    text: "is not a value; text stands in quotes",
    name: "A name consists of letters, digits, _ and -, or stands in quotes",
    key: 'A key must be followed by "=" and a value',
    value: 'A value must follow "="',
    string: "A string must end on its line",
    rest: "After a value only a comment may stand on the line",
    array: 'The array is not closed with "]"',
    inline: 'The inline table is not closed with "}"',
  };
  test.each<[string, string]>([
    // Keys.
    ["= 1", "1:1 A name is missing"],
    ["a", `1:2 ${mistakes.key}`],
    ["a 1", `1:3 ${mistakes.key}`],
    ["a b = 1", `1:3 ${mistakes.key}`],
    ["a: 1", `1:2 ${mistakes.key}`],
    ["a. = 1", "1:4 A name must follow the dot"],
    [".a = 1", "1:1 A name is missing"],
    ["a..b = 1", "1:3 A name must follow the dot"],
    ["a/b = 1", `1:2 ${mistakes.key}`],
    ["é = 1", `1:1 ${mistakes.name}`],
    ['"""a""" = 1', "1:1 A name must be on one line, in single quotes or double quotes"],
    ["'''a''' = 1", "1:1 A name must be on one line, in single quotes or double quotes"],
    ['"a = 1', `1:1 ${mistakes.string}`],
    ['"a" b = 1', `1:5 ${mistakes.key}`],
    ["a = 1 b = 2", `1:7 ${mistakes.rest}`],
    // Values.
    ["a =", `1:4 ${mistakes.value}`],
    ["a = # x", `1:5 ${mistakes.value}`],
    ["a =\n1", `1:4 ${mistakes.value}\n2:2 ${mistakes.key}`],
    ["a = yes", `1:5 yes ${mistakes.text}`],
    ["a = /usr/bin/a b", `1:5 /usr/bin/a b ${mistakes.text}`],
    [`a = ${"x".repeat(50)}`, `1:5 ${"x".repeat(37)}... ${mistakes.text}`],
    ["a = True", "1:5 True is not a value; write true"],
    ["a = FALSE", "1:5 FALSE is not a value; write false"],
    ["a = Inf", `1:5 Inf ${mistakes.text}`],
    ["a = ]", "1:5 A value is missing"],
    ["a = 1]", `1:6 ${mistakes.rest}`],
    // Strings.
    ['a = "b', `1:5 ${mistakes.string}`],
    ["a = 'b", `1:5 ${mistakes.string}`],
    ["a = 'b\n' = 1", `1:5 ${mistakes.string}\n2:1 ${mistakes.string}`],
    ['a = "b\\', `1:5 ${mistakes.string}`],
    ['a = "b\\\nc = 1', `1:5 ${mistakes.string}`],
    ['a = "b"c', `1:8 ${mistakes.rest}`],
    ['a = "\\d+"', "1:6 There is no escape \\d; a backslash in a string is written \\\\"],
    ['a = "\\😀"', "1:6 There is no escape \\😀; a backslash in a string is written \\\\"],
    ['a = "\\ b"', "1:6 A backslash stands before white space; a backslash in a string is written \\\\"],
    ['a = """\\ b"""', "1:8 A backslash stands before white space; a backslash in a string is written \\\\"],
    [
      'a = "\\e\\x41"',
      "1:6 There is no escape \\e; a backslash in a string is written \\\\\n1:8 There is no escape \\x; a backslash in a string is written \\\\",
    ],
    ['a = "\\u12"', "1:6 \\u needs 4 hexadecimal digits"],
    ['a = "\\U0000012"', "1:6 \\U needs 8 hexadecimal digits"],
    ['a = "\\uD800"', "1:6 \\uD800 is no character"],
    ['a = "\\U00110000"', "1:6 \\U00110000 is no character"],
    ['a = """b', '1:5 The string is not closed with """'],
    ['a = """b""', '1:5 The string is not closed with """'],
    ["a = '''b''", "1:5 The string is not closed with '''"],
    ["a = ''''''''' ", `1:13 ${mistakes.rest}`],
    ["a = '''b''''''", `1:14 ${mistakes.rest}`],
    // Numbers and dates.
    ["a = 01", "1:5 01 is not a number: it must not begin with 0"],
    ["a = -01", "1:5 -01 is not a number: it must not begin with 0"],
    ["a = 1__0", "1:5 1__0 is not a number: an underscore stands between two digits"],
    ["a = 1_", "1:5 1_ is not a number: an underscore stands between two digits"],
    ["a = _1", `1:5 _1 ${mistakes.text}`],
    ["a = 1.", "1:5 1. is not a number: digits stand on both sides of the point"],
    ["a = .5", "1:5 .5 is not a number: digits stand on both sides of the point"],
    ["a = 1.e5", "1:5 1.e5 is not a number: digits stand on both sides of the point"],
    ["a = 03.5", `1:5 03.5 ${mistakes.text}`],
    ["a = 1_.5", `1:5 1_.5 ${mistakes.text}`],
    ["a = 1e", `1:5 1e ${mistakes.text}`],
    ["a = 1.5.6", `1:5 1.5.6 ${mistakes.text}`],
    ["a = +0x1", `1:5 +0x1 ${mistakes.text}`],
    ["a = 0X1", `1:5 0X1 ${mistakes.text}`],
    ["a = 0x_1", `1:5 0x_1 ${mistakes.text}`],
    ["a = 0o8", `1:5 0o8 ${mistakes.text}`],
    ["a = 0b2", `1:5 0b2 ${mistakes.text}`],
    ["a = 4GiB", `1:5 4GiB ${mistakes.text}`],
    ["a = ++1", `1:5 ++1 ${mistakes.text}`],
    ["a = 9223372036854775808", "1:5 9223372036854775808 does not fit into 64 bits"],
    ["a = -9223372036854775809", "1:5 -9223372036854775809 does not fit into 64 bits"],
    ["a = 0x8000000000000000", "1:5 0x8000000000000000 does not fit into 64 bits"],
    [`a = ${"9".repeat(1001)}`, `1:5 ${"9".repeat(37)}... is not a number: an underscore stands between two digits`],
    ["a = 2023-02-29", "1:5 2023-02-29 is not a date or time"],
    ["a = 2023-13-01", "1:5 2023-13-01 is not a date or time"],
    ["a = 2023-04-31", "1:5 2023-04-31 is not a date or time"],
    ["a = 2023-01-00", "1:5 2023-01-00 is not a date or time"],
    ["a = 2023-01-01T24:00:00Z", "1:5 2023-01-01T24:00:00Z is not a date or time"],
    ["a = 2023-01-01T00:00", "1:5 2023-01-01T00:00 is not a date or time"],
    ["a = 2023-01-01T00:00:00+24:00", "1:5 2023-01-01T00:00:00+24:00 is not a date or time"],
    ["a = 2023-01-01  00:00:00", `1:17 ${mistakes.rest}`],
    ["a = 07:60:00", "1:5 07:60:00 is not a date or time"],
    ["a = 07:32", "1:5 07:32 is not a date or time"],
    // Arrays and inline tables.
    ["a = [1 2]", "1:8 The values of an array are separated by commas"],
    ["a = [1,, 2]", "1:8 A value is missing"],
    ["a = [, 1]", "1:6 A value is missing"],
    ["a = [1", `1:5 ${mistakes.array}`],
    ["a = [1,", `1:5 ${mistakes.array}`],
    ["a = [1, yes, 3, no]", `1:9 yes ${mistakes.text}\n1:17 no ${mistakes.text}`],
    ["a = [ b = 1 ]", `1:7 b = 1 ${mistakes.text}`],
    ["a = [1}", "1:7 The values of an array are separated by commas"],
    ["a = { b = 1", `1:5 ${mistakes.inline}`],
    ["a = {", `1:5 ${mistakes.inline}`],
    ["a = { b = 1, }", "1:12 The last value of an inline table is not followed by a comma"],
    ["a = { b = 1 c = 2 }", '1:13 The values of an inline table are separated by commas, and end with "}"'],
    ["a = { b }", `1:9 ${mistakes.key}`],
    ["a = { , }", `1:7 ${mistakes.name}`],
    ["a = { b = }", "1:11 A value is missing"],
    ["a = { b = 1, b = 2 }", "1:14 b is already set on line 1"],
    ["a = { b = 1, b.c = 2 }", "1:14 b is already set on line 1"],
    ["a = { b = {}, b.c = 2 }", "1:15 b is already defined on line 1"],
    ["a = {\n b = 1,\n c = 2\n}\nd = 3", "1:5 An inline table must stand on one line; use a [table] for several"],
    // Headers.
    ["[]", "1:2 A name is missing"],
    ["[a", '1:3 A header that begins with "[" ends with "]"'],
    ["[a b]", '1:4 A header that begins with "[" ends with "]"'],
    ["[[a]", '1:5 A header that begins with "[[" ends with "]]"'],
    ["[a]]", "1:4 After a header only a comment may stand on the line"],
    ["[a.]", "1:4 A name must follow the dot"],
    ["[a] b = 1", "1:5 After a header only a comment may stand on the line"],
    ["[ [a]]", `1:3 ${mistakes.name}`],
    ['["a]', `1:2 ${mistakes.string}`],
    // Twice.
    ["a = 1\n# x\na = 2", "3:1 a is already set on line 1"],
    ["a = 1\n'a' = 2", "2:1 a is already set on line 1"],
    ["a = 1\na.b = 2", "2:1 a is already set on line 1"],
    ["a.b = 1\na = 2", "2:1 a is already defined on line 1"],
    ["a.b.c = 1\na.b = 2", "2:1 a.b is already defined on line 1"],
    ["a.b = 1\na.b.c = 2", "2:1 a.b is already set on line 1"],
    ["a = {}\na.b = 1", "2:1 a is already defined on line 1"],
    ["a = []\na.b = 1", "2:1 a is already set on line 1"],
    ["[a]\n[a]", "2:1 a is already defined on line 1"],
    ["[a]\nb = 1\n[a.b]", "3:1 a.b is already set on line 2"],
    ["[a]\nb = 1\n[a.b.c]", "3:4 a.b is already set on line 2"],
    ["[a]\nb.c = 1\n[a.b]", "3:1 a.b is already defined on line 2"],
    ["[a.b]\n[a]\nb.c = 1", "3:1 b is already defined on line 1"],
    ["[a.b.c]\n[a]\nb.c.d = 1", "3:1 b.c is already defined on line 1"],
    ["[a.b.c]\n[a]\nb.d = 1\n[a.b]", "4:1 a.b is already defined on line 1"],
    ["[a]\nb = {}\n[a.b.c]", "3:4 a.b is already defined on line 2"],
    ["a = { b.c = 1 }\n[a.b]", "2:2 a is already defined on line 1"],
    ["[[a]]\n[a]", "2:1 a is already set on line 1"],
    ["[a]\n[[a]]", "2:1 a is already defined on line 1"],
    ["[a.b]\n[[a]]", "2:1 a is already defined on line 1"],
    ["a = []\n[[a]]", "2:1 a is already set on line 1"],
    ["a = [{}]\n[a.b]", "2:2 a is already set on line 1"],
    ["[[a.b]]\n[a]\nb.c = 1", "3:1 b is already set on line 1"],
    ["[[a]]\nb = 1\nb = 2", "3:1 b is already set on line 2"],
    // Characters.
    ["a = 1\0", "1:6 The control character U+0000 is not allowed; in a string write \\u0000"],
    [
      "# \x7f\na = '\x7f'",
      "1:3 The control character U+007F is not allowed; in a string write \\u007F (it occurs 2 times)",
    ],
    ["a = '''\x1b'''", "1:8 The control character U+001B is not allowed; in a string write \\u001B"],
    ["a = 1\rb = 2\r", "1:6 A carriage return is allowed only before a line feed (it occurs 2 times)"],
    ["a = '\ud800'\nb = '\udc00😀'", "1:6 Half a surrogate pair is no character (it occurs 2 times)"],
    ["\ufeff\ufeffa = 1", `1:1 ${mistakes.name}`],
  ])("%j", (source, expected) => {
    expect(mistakesOf(source)).toEqual(expected.split("\n"));
  });
});

describe("parseToml() goes on", () => {
  const after = "after = 1\n[last]\nb = 2\n";

  test.each<[string, string]>([
    ["a wrong line", "this is prose\n"],
    ["a wrong key", "a b = [\n 1,\n 2\n]\n"],
    ["a missing value", "a =\n"],
    ["an unclosed string", 'a = "b\n'],
    ["an unclosed string in an array of several lines", 'a = [\n  "b,\n  "c"\n]\n'],
    ["an unclosed multi-line string", 'a = """b\n some text\n and more\n'],
    ["an unclosed array", 'a = [\n  "b",\n  "c"\n'],
    ["an unclosed array that ends with a comma", 'a = [\n  "b",\n'],
    ["an unclosed array on one line", 'a = [ "b"\n'],
    ["a wrong array of several lines", "a = [\n  'b',\n  }\n  [1],\n  'c',\n]\n"],
    ["an array without equals sign", "a [\n  'b',\n  1,\n  'c'\n]\n"],
    ["an unclosed inline table", "a = { b = 1\n"],
    ["an inline table of several lines", "a = {\n  b = 1, # x\n  c = 2,\n  d = 3\n}\n"],
    ["nesting", `a = ${"[".repeat(65)}\n[\n1\n]\n${"]".repeat(65)}\n`],
    ["too many dots", `a${".a".repeat(65)} = 1\n`],
    ["a value that is there already", "a = 1\na = [\n  2\n]\n"],
    ["a control character", "# \x01\n"],
  ])("after %s", (_, wrong) => {
    const { table, mistakes } = parseToml(wrong + after);
    expect(mistakes).toHaveLength(1);
    expect(plain(table)).toMatchObject({ after: 1, last: { b: 2 } });
  });

  test("after an unclosed array before a header", () => {
    const { table, mistakes } = parseToml('a = [\n "b",\n[t]\nb = 1\n');
    expect(mistakes).toEqual([{ at: 4, message: 'The array is not closed with "]"' }]);
    expect(plain(table)).toEqual({ t: { b: 1 } });
  });

  test("and keeps keys below a wrong header apart", () => {
    const { table, mistakes } = parseToml("a = 1\n[b/c\na = 2\n[d!]\na = 3\n[[.]]\na = 4\n[e]\na = 5");
    expect(mistakes.map(({ at }) => at)).toEqual([8, 19, 30]);
    expect(plain(table)).toEqual({ a: 1, b: { a: 2 }, d: { a: 3 }, e: { a: 5 } });
  });

  test("and adds to a table that was there already", () => {
    const { table, mistakes } = parseToml("[a]\nx = 1\ny = 1\n[b]\n[a]\nx = 2\nz = 2\n");
    expect(mistakes.map(({ message }) => message)).toEqual([
      "a is already defined on line 1",
      "x is already set on line 2",
    ]);
    expect(plain(table)).toEqual({ a: { x: 1, y: 1, z: 2 }, b: {} });
  });

  test("to find five planted mistakes", () => {
    const source = `# A file
[hypervisor.qemu]
path = "/usr/bin/qemu
kernel = "/boot/vmlinuz"
default_vcpus = two
default_memory = 2048
# twice
default_memory = 4096
valid_paths = [
  "/usr/bin/*",
  "/opt/*"
enable_iommu = true

[runtime
sandbox_cgroup_only = false
`;
    expect(mistakesOf(source)).toEqual([
      "3:8 A string must end on its line",
      "5:17 two is not a value; text stands in quotes",
      "8:1 default_memory is already set on line 6",
      '9:15 The array is not closed with "]"',
      '14:9 A header that begins with "[" ends with "]"',
    ]);
    expect(plain(parseToml(source).table)).toEqual({
      hypervisor: { qemu: { kernel: "/boot/vmlinuz", default_memory: 2048, enable_iommu: true } },
      runtime: { sandbox_cgroup_only: false },
    });
  });

  test("until there are a hundred mistakes", () => {
    const found = mistakesOf("x\n".repeat(100));
    expect(found).toHaveLength(100);
    const more = mistakesOf("x\n".repeat(5000));
    expect(more).toHaveLength(101);
    expect(more.at(-1)).toBe("101:2 There are more than 100 mistakes; the others are not listed");
  });
});
