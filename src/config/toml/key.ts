import { type Cursor, unit } from "./cursor.ts";
import { SyntaxMistake } from "./mistake.ts";
import { printTomlKey } from "./print.ts";
import { readOneLine } from "./string.ts";

/** One name of a dotted key, with its offset. */
export interface KeyPart {
  readonly name: string;
  readonly at: number;
}

/** `a` or `a.b."c"`: the last part, and those before it. */
export interface Key {
  readonly parents: readonly KeyPart[];
  readonly last: KeyPart;
}

const bareKey = /[\w-]+/y;
const longQuotes = /"""|'''/y;

/**
 * Reads a key and the white space around it. `depth`: of the table that it stands in. Throws SyntaxMistake where it is wrong.
 */
export function readKey(cursor: Cursor, depth: number): Key {
  const parents: KeyPart[] = [];
  for (;;) {
    cursor.skipBlanks();
    const last = readPart(cursor, parents.length > 0);
    cursor.skipBlanks();
    if (!cursor.skipUnit(unit.dot)) return { parents, last };
    parents.push(last);
    cursor.checkDepth(depth + parents.length, last.at);
  }
}

function readPart(cursor: Cursor, afterDot: boolean): KeyPart {
  const { at } = cursor;
  const bare = cursor.take(bareKey);
  if (bare !== "") return { name: bare, at };
  const next = cursor.unit();
  const isQuoted = next === unit.quote || next === unit.apostrophe;
  if (isQuoted && !cursor.fits(longQuotes)) return { name: readOneLine(cursor), at };
  throw new SyntaxMistake(at, missingPart(cursor, next, isQuoted, afterDot));
}

function missingPart(cursor: Cursor, next: number, isQuoted: boolean, afterDot: boolean): string {
  if (isQuoted) return "A name must be on one line, in single quotes or double quotes";
  const nothing = cursor.atLineEnd() || next === unit.dot || next === unit.equals || next === unit.closeBracket;
  if (nothing) return afterDot ? "A name must follow the dot" : "A name is missing";
  return "A name consists of letters, digits, _ and -, or stands in quotes";
}

/** A key as it would be written. */
export function keyText({ parents, last }: Key): string {
  return [...parents, last].map(({ name }) => printTomlKey(name)).join(".");
}
