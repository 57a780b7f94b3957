import fc from "fast-check";
import type { Shape } from "../schema/key.ts";
import type { Printable } from "../toml/print.ts";
import { TomlFloat } from "../toml/value.ts";

/** A value as it is written, and as it is read. */
export interface AnyValue {
  readonly written: Printable;
  readonly read: unknown;
}

/** Texts for the patterns of the catalogue; each pattern fits some. */
const words = ["", "pmu=off", "on,spawn=deny", "0-1", "0,2", "root_hash=ab,salt=cd", "eA==", "my-extension"];
const plainText = fc
  .oneof(fc.string({ unit: "grapheme", maxLength: 12 }), fc.constantFrom(...words, "a b", '"q"', "\\", "é😀", "#", "'"))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no text of a configuration has them
  .map((text) => text.replace(/[\x00-\x1f\x7f]/g, ""));
const largest = 2n ** 63n - 1n;

const same = <T extends Printable>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<AnyValue> =>
  arbitrary.map((value) => ({ written: value, read: value }));

/** Any value that a shape allows. */
export function anyValue(shape: Shape): fc.Arbitrary<AnyValue> {
  switch (shape.kind) {
    case "flag":
      return same(fc.boolean());
    case "integer":
      return anyInteger(shape);
    case "decimal": {
      const min = Math.max(shape.min, -1000);
      const whole = fc.integer({ min: Math.ceil(min), max: shape.max });
      const broken = fc.double({ min, max: shape.max, noNaN: true });
      return fc.oneof(
        same(whole),
        broken.map((value) => ({ written: new TomlFloat(value), read: value })),
      );
    }
    case "text": {
      const { pattern } = shape;
      if (pattern === undefined) return same(plainText);
      return same(fc.constantFrom(...words.filter((word) => pattern.test(word))));
    }
    case "path":
      return same(
        fc.oneof(
          plainText.map((text) => `/${text}`),
          shape.optional ? fc.constant("") : fc.constant("/usr/bin/x"),
        ),
      );
    case "choice": {
      const synonyms = Object.entries(shape.synonyms).map(([written, read]) => ({ written, read }));
      return fc.constantFrom(...shape.choices.map((word) => ({ written: word, read: word })), ...synonyms);
    }
    case "list":
      return fc
        .array(anyValue(shape.of), { maxLength: 3 })
        .map((items) => ({ written: items.map(({ written }) => written), read: items.map(({ read }) => read) }));
    case "tables": {
      const row = fc.record(
        Object.fromEntries(Object.entries(shape.keys).map(([name, key]) => [name, anyValue(key.shape)])),
      );
      return fc.array(row, { maxLength: 2 }).map((rows) => ({
        written: rows.map((one) =>
          Object.fromEntries(Object.entries(one).map(([name, value]) => [name, value.written])),
        ),
        read: rows.map((one) => Object.fromEntries(Object.entries(one).map(([name, value]) => [name, value.read]))),
      }));
    }
  }
}

function anyInteger({ min, max, powerOfTwo, orZero }: Shape & { kind: "integer" }): fc.Arbitrary<AnyValue> {
  const top = max < largest ? max : largest;
  const powers = Array.from({ length: 62 }, (_, index) => 1n << BigInt(index)).filter(
    (one) => one >= min && one <= top,
  );
  const inBounds = powerOfTwo === true ? fc.constantFrom(...powers) : fc.bigInt({ min, max: top });
  const any = orZero === true ? fc.oneof(inBounds, fc.constant(0n)) : inBounds;
  const wide = max > BigInt(Number.MAX_SAFE_INTEGER);
  return any.map((value) => ({ written: value, read: wide ? value : Number(value) }));
}
