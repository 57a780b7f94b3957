// Thins the engine's tables of positions, which a program keeps in memory for as long as it runs: one for each function, from
// places in its bytecode to lines and columns of the bundle. Who reads a stack sees lines of TypeScript, and most of the
// columns lead to the same ones.

/** Of the format (PC2LINE_BASE, _RANGE, _OP_FIRST and _DIFF_PC_MAX of quickjs.c). */
const BASE = -1;
const RANGE = 5;
const FIRST = 1;
const MOST_PC = 50;

/**
 * The table without the entries that change nothing. `place(line, column)`, both from 1, is something to compare: the same for
 * positions that are shown alike. The function's own position becomes that of its first entry.
 */
export function thinLines(table, place) {
  const [start, ...rest] = readTable(table);
  const kept = [];
  let last = rest[0] ?? start;
  const out = [...leb(last.line - 1), ...leb(last.column - 1)];
  for (const entry of rest) {
    if (place(entry.line, entry.column) === place(last.line, last.column)) continue;
    const pc = entry.pc - (kept.at(-1)?.pc ?? 0);
    const line = entry.line - last.line;
    if (line >= BASE && line < BASE + RANGE && pc <= MOST_PC) out.push(line - BASE + pc * RANGE + FIRST);
    else out.push(0, ...leb(pc), ...signedLeb(line));
    out.push(...signedLeb(entry.column - last.column));
    kept.push(entry);
    last = entry;
  }
  return Buffer.from(out);
}

/** The function's own position, then the entries: from which byte of code on which line and column, from 1, count. */
export function readTable(table) {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = table[at++];
      if (byte === undefined) throw new Error("a table of positions ends early");
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const signed = () => {
    const value = number();
    return value & 1 ? -(value >>> 1) - 1 : value >>> 1;
  };
  const entries = [{ pc: 0, line: number() + 1, column: number() + 1 }];
  while (at < table.length) {
    const last = entries[entries.length - 1];
    const op = table[at++];
    const pc = op === 0 ? number() : Math.floor((op - FIRST) / RANGE);
    const line = op === 0 ? signed() : ((op - FIRST) % RANGE) + BASE;
    entries.push({ pc: last.pc + pc, line: last.line + line, column: last.column + signed() });
  }
  return entries;
}

/** LEB128 of a number that is not negative. */
export function leb(number) {
  return number < 128 ? [number] : [(number & 127) | 128, ...leb(number >>> 7)];
}

/** The same for any number: zigzag, unlike the LEB128 of other formats. */
function signedLeb(number) {
  return leb(number < 0 ? -number * 2 - 1 : number * 2);
}
