import fc from "fast-check";
import { expect, test } from "vitest";
import { type Entry, readTable, thinLines } from "./thin-lines.mjs";

/** What the engine finds for a byte of code: the last entry before it. */
function find([start, ...rest]: readonly Entry[], pc: number): Entry | undefined {
  return rest.findLast((entry) => entry.pc <= pc) ?? start;
}

const position = fc.record({
  pc: fc.nat(200),
  line: fc.integer({ min: 1, max: 5000 }),
  column: fc.integer({ min: 1, max: 300 }),
});

/** Whoever is asked for nothing but lines. */
const byLine = (line: number) => line;

test("a thinned table leads to the same places, for any table", () => {
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 30 }), fc.nat(8), (positions, coarse) => {
      const sorted = positions.toSorted((a, b) => a.pc - b.pc);
      const place = (line: number) => line >> coarse;
      // Nothing is alike, so all of them are written.
      const full = [...thinLines(Buffer.of(0, 0), byLine), ...encoded(sorted)];
      const thin = thinLines(Buffer.from(full), place);
      expect(readTable(Buffer.from(full)).slice(1)).toEqual(sorted);
      expect(thin.length).toBeLessThanOrEqual(full.length + 8);
      for (const { pc } of sorted) {
        const [was, is] = [find([{ pc: 0, line: 1, column: 1 }, ...sorted], pc), find(readTable(thin), pc)];
        expect(place(is?.line ?? 0)).toBe(place(was?.line ?? 0));
      }
    }),
  );
});

test("entries that lead to the same place are one, the first of which is the function's own position", () => {
  const full = [
    0,
    0,
    ...encoded([
      { pc: 2, line: 7, column: 3 },
      { pc: 5, line: 7, column: 30 },
      { pc: 9, line: 8, column: 5 },
      { pc: 80, line: 8, column: 9 },
      { pc: 81, line: 7, column: 1 },
    ]),
  ];
  expect(readTable(thinLines(Buffer.from(full), byLine))).toEqual([
    { pc: 0, line: 7, column: 3 },
    { pc: 9, line: 8, column: 5 },
    { pc: 81, line: 7, column: 1 },
  ]);
});

test("a function without entries keeps its position, and a table that ends early is an error", () => {
  expect([...thinLines(Buffer.of(0x90, 0x01, 4), byLine)]).toEqual([0x90, 0x01, 4]);
  expect(() => thinLines(Buffer.of(3), byLine)).toThrow("a table of positions ends early");
  expect(() => thinLines(Buffer.of(0, 0, 0, 1), byLine)).toThrow("a table of positions ends early");
});

/** Entries as the engine's long form has them, written here anew: op 0, then three numbers. */
function encoded(entries: readonly Entry[]): number[] {
  let last: Entry = { pc: 0, line: 1, column: 1 };
  return entries.flatMap((entry) => {
    const bytes = [
      0,
      ...unsigned(entry.pc - last.pc),
      ...signed(entry.line - last.line),
      ...signed(entry.column - last.column),
    ];
    last = entry;
    return bytes;
  });
}

function unsigned(number: number): number[] {
  return number < 128 ? [number] : [(number % 128) + 128, ...unsigned(Math.floor(number / 128))];
}

/** Zigzag, as dbuf_put_sleb128 of the engine writes it. */
function signed(number: number): number[] {
  return unsigned(number < 0 ? -2 * number - 1 : 2 * number);
}
