import fc from "fast-check";
import { parse as parseReference, TomlDate as ReferenceDate, TomlError } from "smol-toml";
import { describe, expect, test } from "vitest";
import { parseToml } from "./parse.ts";
import { LineIndex } from "./position.ts";
import { type Printable, printTomlKey, printTomlTable, printTomlValue } from "./print.ts";
import { plain } from "./testing/plain.ts";
import { TomlDate, TomlFloat, TomlTable, type TomlValue } from "./value.ts";

/** Data as the reference has it: it knows no difference between 1 and 1.0, and dates are compared as such. */
function comparable(value: unknown): unknown {
  if (value instanceof TomlTable) {
    return new Map([...value.entries].map(([key, entry]) => [key, comparable(entry.value)]));
  }
  if (value instanceof TomlFloat) return comparable(value.value);
  if (value instanceof TomlDate || value instanceof ReferenceDate) return "a date";
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key, comparable(item)]));
  }
  // Zero has no sign here: each has its own way with that of integers.
  return value === 0 ? 0 : value;
}

function reference(source: string): unknown {
  return comparable(parseReference(source, { integersAsBigInt: "asNeeded", maxDepth: 64 }));
}

const name = fc.oneof(
  fc.stringMatching(/^[\w-]{1,4}$/),
  fc.constantFrom("__proto__", "constructor", "", "a b", "a.b", 'q"', "é😀"),
  fc.string({ unit: "grapheme", maxLength: 4 }),
);
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom("\\", '"', "'", "\n", "\r", "\0", "#", "a") }),
);
const scalar: fc.Arbitrary<TomlValue> = fc.oneof(
  text.map((value) => value),
  fc.maxSafeInteger().map((value) => value || 0),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
  fc.boolean(),
  fc.double().map((value) => new TomlFloat(value)),
  fc
    .constantFrom("1979-05-27T07:32:00Z", "1979-05-27", "07:32:00", "2000-02-29 00:00:00.5")
    .map((date) => new TomlDate(date)),
);
const { table } = fc.letrec<{ value: Printable; table: ReadonlyMap<string, Printable> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(tie("table"), { maxLength: 3 }),
    tie("table"),
  ),
  table: fc.array(fc.tuple(name, tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
}));

/** Parsed data as the Maps it was printed from. */
function asMaps(value: TomlValue): unknown {
  if (value instanceof TomlTable) return new Map([...value.entries].map(([key, entry]) => [key, asMaps(entry.value)]));
  return Array.isArray(value) ? value.map(asMaps) : value;
}

/** Tables in the order in which a printed document has them. */
function sorted(value: unknown): unknown {
  if (value instanceof Map) {
    return new Map([...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
  }
  return Array.isArray(value) ? value.map(sorted) : value;
}

describe("what is printed", () => {
  test("is parsed to the same, as a document", () => {
    fc.assert(
      fc.property(table, (data) => {
        const { table: parsed, mistakes } = parseToml(printTomlTable(data));
        expect(mistakes).toEqual([]);
        expect(sorted(asMaps(parsed))).toEqual(sorted(data));
      }),
      { numRuns: 150 },
    );
  });

  test("is parsed to the same, as a value on one line", () => {
    fc.assert(
      fc.property(name, table, (key, data) => {
        const source = `${printTomlKey(key)} = ${printTomlValue(data)}`;
        expect(source).not.toContain("\n");
        const { table: parsed, mistakes } = parseToml(source);
        expect(mistakes).toEqual([]);
        expect(asMaps(parsed)).toEqual(new Map([[key, data]]));
      }),
      { numRuns: 150 },
    );
  });

  test("means the same to the reference", () => {
    fc.assert(
      fc.property(table, (data) => {
        const source = printTomlTable(data);
        expect(comparable(parseToml(source).table)).toEqual(reference(source));
      }),
      { numRuns: 150 },
    );
  });
});

// Pieces of documents, right and wrong, that make interesting documents together.
const pieces = [
  ..."= . , [ ] { } # \" ' \\ \n \t _ - + e a b 0 1 9 : T Z".split(" "),
  " ",
  "\r\n",
  "\n\n",
  '"""',
  "'''",
  "[[",
  "]]",
  "a = 1\n",
  "b = 'x'\n",
  'c = "y" # z\n',
  "[t]\n",
  "[t.u]\n",
  "[[r]]\n",
  "[[t.r]]\n",
  "t.v = 1\n",
  "t.u.w = 2\n",
  "d = [1, 2]\n",
  "e = {a = 1, b.c = 2}\n",
  "f = [\n  1,\n",
  "]\n",
  "g = 1979-05-27T07:32:00Z\n",
  "h = 07:32:00\n",
  "i = 1.5e3\n",
  "j = -inf\n",
  "k = 0xff\n",
  'l = """\nx\\\n  y"""\n',
  "m = '''z'''\n",
  "true",
  "false",
  "nan",
  "1_0",
  "0.1",
  "\\n",
  "\\u0041",
  "é😀",
];
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => parts.join(""));
const mutated = fc
  .tuple(table, fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom(...pieces)), { minLength: 1, maxLength: 3 }))
  .map(([data, edits]) => {
    let source = printTomlTable(data);
    for (const [place, length, piece] of edits) {
      const at = place % (source.length + 1);
      source = source.slice(0, at) + piece + source.slice(at + length);
    }
    return source;
  });

/** Where the two differ on purpose: what only one of them takes, and the message of the other if it is ours. */
const differences: readonly { reason: string; taken: string; byUs?: true; message?: RegExp }[] = [
  { reason: "an escape of TOML 1.1", taken: 'a = "\\e"', message: /There is no escape \\e/ },
  { reason: "an escape of TOML 1.1", taken: 'a = "\\x41"', message: /There is no escape \\x/ },
  { reason: "a time of TOML 1.1", taken: "a = 07:32", message: /is not a date or time/ },
  { reason: "it takes what Date takes", taken: "a = 1979-'5-27", message: /^\d{4}-..-.* is not a value/ },
  { reason: "an inline table of TOML 1.1", taken: "a = {\nb = 1 }", message: /must stand on one line/ },
  { reason: "an inline table of TOML 1.1", taken: "a = { b = 1, }", message: /is not followed by a comma/ },
  { reason: "integers have 64 bits", taken: "a = 9223372036854775808", message: /does not fit into 64 bits/ },
  { reason: "a text in UTF-8 has none", taken: "a = '\ud800'", message: /Half a surrogate pair/ },
  { reason: "digits without end cost time without end", taken: `a = 1.${"0".repeat(1000)}`, message: /is not a/ },
  { reason: "a table that is only implied may be given keys once", taken: "[a.b.c]\n[a]\nb.d = 1", byUs: true },
];

describe("the reference differs, because", () => {
  test.each(differences)("$reason: $taken", ({ taken, byUs, message }) => {
    const found = parseToml(taken).mistakes.map((mistake) => mistake.message);
    if (byUs) {
      expect(found).toEqual([]);
      expect(() => reference(taken)).toThrow(TomlError);
    } else {
      expect(found).toEqual([expect.stringMatching(message ?? /^$/)]);
      expect(() => reference(taken)).not.toThrow();
    }
  });
});

// The reference loses quotes that belong to the string but follow a backslash that ends a line.
const lostQuotes = /\\\s*\n\s*"{4}/;

function compareWithReference(source: string): void {
  if (lostQuotes.test(source)) return;
  const { table: parsed, mistakes } = parseToml(source);
  let expected: unknown;
  try {
    expected = reference(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    expect(mistakes.length === 0 ? `accepted; ${error.message}` : "refused").toBe("refused");
    return;
  }
  const unexplained = mistakes.filter(({ message }) => !differences.some((known) => known.message?.test(message)));
  expect(unexplained).toEqual([]);
  if (mistakes.length === 0) expect(comparable(parsed)).toEqual(expected);
}

test("quotes that follow a backslash at the end of a line belong to the string, unlike in the reference", () => {
  const source = 'a = """\\\n"""""';
  expect(plain(parseToml(source).table)).toEqual({ a: '""' });
  expect(reference(source)).not.toEqual(new Map([["a", '""']]));
  expect(source).toMatch(lostQuotes);
});

describe("the reference agrees about", () => {
  test("documents made of pieces", () => {
    fc.assert(fc.property(soup, compareWithReference), { numRuns: 1500 });
  });

  test("documents with changes", () => {
    fc.assert(fc.property(mutated, compareWithReference), { numRuns: 500 });
  });
});

test("whatever is wrong is within the text, in order, and leaves what is right", () => {
  fc.assert(
    fc.property(fc.oneof(soup, mutated, fc.string({ unit: "binary" })), (source) => {
      const { table: parsed, mistakes } = parseToml(source);
      const places = mistakes.map(({ at }) => at);
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(places.every((at) => at >= 0 && at <= source.length)).toBe(true);
      const lines = new LineIndex(source);
      for (const { at } of mistakes) expect(lines.positionAt(at).column).toBeGreaterThan(0);
      const again = parseToml(printTomlTable(parsed));
      expect(again.mistakes).toEqual([]);
      expect(sorted(asMaps(again.table))).toEqual(sorted(asMaps(parsed)));
    }),
    { numRuns: 1000 },
  );
});

test("a mistake planted in a line is found in that line, and nowhere else", () => {
  const wrong = fc.constantFrom(
    "x",
    "= 1",
    "x = yes",
    'x = "y',
    "x = 01",
    "x = [1, 2",
    "[x",
    "x = {a = 1",
    "x y = 1",
    "x = 1 2",
    'x = "\\q"',
  );
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), wrong, (before, after, line) => {
      const lines = [...Array(before).keys()].map((index) => `before${index} = ${index}`);
      const rest = [...Array(after).keys()].map((index) => `after${index} = "${index}"`);
      const source = [...lines, line, ...rest, ""].join("\n");
      const { table: parsed, mistakes } = parseToml(source);
      expect(mistakes.map(({ at }) => new LineIndex(source).lineAt(at))).toEqual([before + 1]);
      const kept = JSON.stringify(plain(parsed));
      for (let index = 0; index < after; index++) expect(kept).toContain(`"after${index}":"${index}"`);
    }),
  );
});
