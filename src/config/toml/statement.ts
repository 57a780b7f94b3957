import { define, type OpenTable, type Tables } from "./build.ts";
import { type Cursor, unit } from "./cursor.ts";
import { type Key, readKey } from "./key.ts";
import { SyntaxMistake } from "./mistake.ts";
import { readValue } from "./nested.ts";
import { nextLine } from "./statement-like.ts";

const upToEquals = /[^=\n#]*=/y;

/** A table, and how many names lead to it. */
export interface Section {
  readonly table: OpenTable;
  readonly depth: number;
}

/** Reads `[table]` or `[[array]]`, and the rest of its line. Throws SyntaxMistake when it names nothing. */
export function readHeader(cursor: Cursor, tables: Tables): Section {
  const headerAt = cursor.at++;
  const isArray = cursor.skipUnit(unit.openBracket);
  const key = readKey(cursor, 0);
  const depth = key.parents.length + 1;
  cursor.checkDepth(depth, key.last.at);
  const table = isArray ? tables.tableOfArray(key, headerAt) : tables.table(key, headerAt);
  const isClosed = cursor.skipUnit(unit.closeBracket) && (!isArray || cursor.skipUnit(unit.closeBracket));
  if (!isClosed) {
    cursor.mistakes.add(
      cursor.at,
      `A header that begins with ${isArray ? '"[[" ends with "]]"' : '"[" ends with "]"'}`,
    );
    cursor.at = cursor.lineEnd();
  }
  finishLine(cursor, "header");
  return { table, depth };
}

/** Reads `key = value`, and the rest of its line. Throws SyntaxMistake when it cannot tell where it ends. */
export function readKeyValue(cursor: Cursor, { table, depth }: Section): void {
  const key = readKeyAndEquals(cursor, depth);
  cursor.skipBlanks();
  const valueAt = cursor.at;
  if (cursor.atLineEnd()) cursor.mistakes.add(valueAt, 'A value must follow "="');
  else {
    const value = readValue(cursor, depth + (key?.parents.length ?? 0), false);
    if (value !== undefined && key !== undefined) define(table, key, value, valueAt, cursor.mistakes);
  }
  finishLine(cursor, "value");
}

/** A wrong key is a mistake, undefined, and no obstacle when "=" follows on the line. */
function readKeyAndEquals(cursor: Cursor, depth: number): Key | undefined {
  try {
    const key = readKey(cursor, depth);
    if (cursor.skipUnit(unit.equals)) return key;
    throw new SyntaxMistake(cursor.at, 'A key must be followed by "=" and a value');
  } catch (error) {
    if (!(error instanceof SyntaxMistake) || !cursor.skip(upToEquals)) throw error;
    cursor.mistakes.add(error.at, error.message);
    return undefined;
  }
}

function finishLine(cursor: Cursor, what: string): void {
  cursor.skipBlanks();
  if (!cursor.atLineEnd()) cursor.mistakes.add(cursor.at, `After a ${what} only a comment may stand on the line`);
  cursor.at = nextLine(cursor.source, cursor.at);
}
