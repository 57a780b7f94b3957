import { define, OpenTable } from "./build.ts";
import { type Cursor, unit } from "./cursor.ts";
import { readKey } from "./key.ts";
import { SyntaxMistake } from "./mistake.ts";
import { readScalar } from "./scalar.ts";
import { looksLikeStatement } from "./statement-like.ts";
import { readString } from "./string.ts";
import type { TomlValue } from "./value.ts";

/**
 * Reads a value. `depth`: how many tables and arrays it stands in; `within`: directly in an array or inline table. Mistakes
 * that end where the value ends are noted, and give undefined. Throws SyntaxMistake where the end cannot be told.
 */
export function readValue(cursor: Cursor, depth: number, within: boolean): TomlValue | undefined {
  switch (cursor.unit()) {
    case unit.quote:
    case unit.apostrophe:
      return readString(cursor);
    case unit.openBracket:
      return readArray(cursor, depth + 1);
    case unit.openBrace:
      return readInlineTable(cursor, depth + 1);
    default:
      return readScalar(cursor, within);
  }
}

const restOfItem = /[^,\]}\r\n#]*/y;

function readArray(cursor: Cursor, depth: number): TomlValue[] {
  const open = cursor.at++;
  cursor.checkDepth(depth, open);
  const items: TomlValue[] = [];
  for (;;) {
    skipToItem(cursor, open);
    if (cursor.skipUnit(unit.closeBracket)) return items;
    const item = readValue(cursor, depth, true);
    if (item !== undefined) items.push(item);
    skipToItem(cursor, open);
    if (cursor.skipUnit(unit.comma) || cursor.unit() === unit.closeBracket) continue;
    cursor.mistakes.add(cursor.at, "The values of an array are separated by commas");
    cursor.skip(restOfItem);
    cursor.skipUnit(unit.comma);
  }
}

/** Throws SyntaxMistake when the text, or what can only be a statement, comes before the array's end. */
function skipToItem(cursor: Cursor, open: number): void {
  const before = cursor.at;
  cursor.skipEmptyText();
  // Right behind a bracket, a comma or a value no statement begins.
  if (cursor.at === before && !cursor.atEnd()) return;
  const isOver = cursor.atEnd() || (cursor.isFirstOnLine() && looksLikeStatement(cursor.source, cursor.at));
  if (isOver) throw new SyntaxMistake(open, 'The array is not closed with "]"', cursor.at);
}

function readInlineTable(cursor: Cursor, depth: number): OpenTable {
  const open = cursor.at++;
  cursor.checkDepth(depth, open);
  const table = new OpenTable("inline");
  let isOneLine = !skipLineEnds(cursor);
  let isClosed = cursor.skipUnit(unit.closeBrace);
  while (!isClosed) {
    if (cursor.atEnd() || cursor.unit() === unit.openBracket) throw notClosed(cursor, open);
    const key = readKey(cursor, depth);
    if (!cursor.skipUnit(unit.equals)) throw new SyntaxMistake(cursor.at, 'A key must be followed by "=" and a value');
    cursor.skipBlanks();
    const valueAt = cursor.at;
    const value = readValue(cursor, depth + key.parents.length, true);
    if (value !== undefined) define(table, key, value, valueAt, cursor.mistakes);
    if (skipLineEnds(cursor)) isOneLine = false;
    isClosed = cursor.skipUnit(unit.closeBrace);
    if (isClosed) break;
    const comma = cursor.at;
    if (!cursor.skipUnit(unit.comma)) throw notClosed(cursor, open);
    if (skipLineEnds(cursor)) isOneLine = false;
    isClosed = cursor.skipUnit(unit.closeBrace);
    if (isClosed) cursor.mistakes.add(comma, "The last value of an inline table is not followed by a comma");
  }
  if (!isOneLine) cursor.mistakes.add(open, "An inline table must stand on one line; use a [table] for several");
  return table;
}

/** Whether the line ended before the next character. */
function skipLineEnds(cursor: Cursor): boolean {
  cursor.skipBlanks();
  if (!cursor.atLineEnd()) return false;
  cursor.skipEmptyText();
  return true;
}

function notClosed(cursor: Cursor, open: number): SyntaxMistake {
  if (cursor.atEnd() || cursor.isFirstOnLine())
    return new SyntaxMistake(open, 'The inline table is not closed with "}"', cursor.at);
  return new SyntaxMistake(cursor.at, 'The values of an inline table are separated by commas, and end with "}"');
}
