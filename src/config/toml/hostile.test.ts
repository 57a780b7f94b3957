import { expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { fuzz } from "../../wire/testing/fuzz.ts";
import { parseToml } from "./parse.ts";
import { LineIndex } from "./position.ts";

const size = 1 << 18;

/** Repeats a text until there is a quarter of a mebibyte. */
function fill(text: string): string {
  return text.repeat(Math.ceil(size / text.length));
}

// Each would take minutes, or overflow a stack, if anything were done twice for each character before.
test.each<[string, string]>([
  ["nested arrays", `a = ${"[".repeat(size)}`],
  ["ten thousand nested arrays that are closed", `a = ${"[".repeat(10_000)}${"]".repeat(10_000)}`],
  ["nested arrays on lines", `a = ${fill("[\n")}`],
  ["nested inline tables", `a = ${fill("{a=")}`],
  ["nested arrays in inline tables", `a = ${fill("{a=[")}`],
  ["dots", `a${".a".repeat(size / 2)} = 1`],
  ["dots in a header", `[a${".a".repeat(size / 2)}]`],
  ["brackets of headers", fill("[")],
  ["an unclosed string", `a = "${fill("x")}`],
  ["unclosed strings", fill('a = "\n')],
  ["unclosed literal strings", fill("a = 'x\n")],
  ["an unclosed multi-line string", `a = """${fill('x = "y"\n')}`],
  ["an unclosed multi-line literal string", `a = '''${fill("x\n")}`],
  ["openings of multi-line strings", fill('a = """\n')],
  ["openings of multi-line strings behind escapes", fill('a = """\\"""\n')],
  ["quotes", fill('"')],
  ["quotes in a multi-line string", `a = """${fill('" ')}"""`],
  ["apostrophes in a multi-line string", `a = '''${fill("' ")}'''`],
  ["escapes", `a = "${fill("\\n")}"`],
  ["wrong escapes", `a = "${fill("\\q")}"`],
  ["line-ending backslashes", `a = """${fill("\\\n")}"""`],
  ["an unclosed array", `a = [${fill("1,")}`],
  ["an unclosed array of lines", `a = [\n${fill("1,\n")}`],
  ["unclosed arrays", fill("a = [1,\n")],
  ["an array of wrong values", `a = [${fill("x,")}]`],
  ["an array without commas", `a = [${fill("1 ")}]`],
  ["an array of empty lines", `a = [${fill("\n")}]`],
  ["an array of comments", `a = [${fill("#\n")}]`],
  ["an array of white space", `a = [${fill(" ")}]`],
  ["an array of strings that look like keys", `a = [\n${fill('"a" ,\n')}]`],
  ["an inline table of many", `a = {${fill("a=1,")}}`],
  ["digits", `a = ${fill("1")}`],
  ["digits and underscores", `a = ${fill("1_")}`],
  ["digits of a float", `a = 0.${fill("1")}`],
  ["a bare word", fill("a")],
  ["white space", fill(" ")],
  ["tabs before a key", `${fill("\t")}a = 1`],
  ["white space after a key", `a${fill(" ")}`],
  ["line feeds", fill("\n")],
  ["carriage returns", fill("\r")],
  ["null characters", fill("\0")],
  ["halves of surrogate pairs", fill("\udc00")],
  ["comments", fill("#\n")],
  ["a comment", `#${fill("x")}`],
  ["white space behind a value", `a = 1${fill(" ")}x`],
  ["equals signs", fill("=")],
  ["wrong lines of names", fill("a b\n")],
  ["lines that nearly look like statements", `a = [\n}\n${fill(`${"a.".repeat(66)}b\n`)}`],
  ["names that nearly are statements", `a = [\n}\n${fill("a")}`],
  ["headers", fill("[a]\n")],
  ["headers of arrays", fill("[[a]]\n")],
  ["deep headers of arrays", fill("[[a.a.a.a.a.a.a.a]]\n")],
  ["the same key", fill("a = 1\n")],
  ["many keys", Array.from({ length: 100_000 }, (_, index) => `key${index} = ${index}\n`).join("")],
  ["many tables", Array.from({ length: 60_000 }, (_, index) => `[table.t${index}]\n`).join("")],
])("a lot of %s is parsed in time", (_, source) => {
  const start = performance.now();
  const { mistakes } = parseToml(source);
  const lines = new LineIndex(source);
  for (const { at } of mistakes) lines.positionAt(at);
  expect(mistakes.length).toBeLessThanOrEqual(101);
  expect(performance.now() - start).toBeLessThan(2000);
});

test("a hundred thousand keys are all there", () => {
  const source = Array.from({ length: 100_000 }, (_, index) => `key${index} = ${index}\n`).join("");
  const { table, mistakes } = parseToml(source);
  expect(mistakes).toEqual([]);
  expect(table.size).toBe(100_000);
  expect(table.get("key99999")?.value).toBe(99_999);
});

test("nesting is allowed up to 64 levels", () => {
  const nest = (open: string, middle: string, close: string, count: number) =>
    `${open.repeat(count)}${middle}${close.repeat(count)}`;
  for (const [count, right] of [
    [64, true],
    [65, false],
  ] as const) {
    const is = (source: string) => expect(parseToml(source).mistakes.length === 0, source).toBe(right);
    is(`a = ${nest("[", "", "]", count)}`);
    is(`a = ${nest("{a = ", "1", "}", count)}`);
    is(`a${".a".repeat(count)} = 1`);
    is(`[a${".a".repeat(count - 1)}]`);
    is(`[a.a]\na.a = ${nest("[", "", "]", count - 3)}`);
  }
});

test("mutated files give a table and mistakes within the text, and never an exception", () => {
  const corpus = [
    'a = "b \\"c\\" \\u00e9"\nlist = [\n  1, # x\n  "y",\n]\n[t]\na.b = {c = 1.5, d = []}\n[[r]]\ne = 1979-05-27T07:32:00Z\n',
    'a = """\none \\\n  two"""\nb = \'\'\'\nx\'\'\'\r\n[a . \'b\'."c"]\nbig = 0xffff_ffff\n"😀" = -inf\n',
  ].map(utf8Encode);
  const tokens = ['"""', "'''", ..."[]{}\\=.,\n\r#\0\ufeff"].map(utf8Encode);
  fuzz({ corpus, tokens, runs: 5000 }, (chunks) => {
    const source = utf8Decode(concatBytes(chunks));
    const { mistakes } = parseToml(source);
    expect(mistakes.length).toBeLessThanOrEqual(101);
    for (const { at } of mistakes) expect(at >= 0 && at <= source.length).toBe(true);
  });
});
