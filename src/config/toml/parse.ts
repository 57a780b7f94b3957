import { OpenTable, Tables } from "./build.ts";
import { withoutForbidden } from "./clean.ts";
import { Cursor, unit } from "./cursor.ts";
import { Mistakes, SyntaxMistake, type TomlMistake, TooManyMistakes } from "./mistake.ts";
import { readHeader, readKeyValue, type Section } from "./statement.ts";
import { nextLine, nextStatement, skipRemains } from "./statement-like.ts";
import type { TomlTable, TomlValue } from "./value.ts";

export type { TomlMistake } from "./mistake.ts";

// A whole line with a bare key and a simple value, which most statements of a configuration are. Groups: the key, what
// stands before the value, and the value: a string without escapes, a small integer, a boolean; none for an empty array.
const commonLine =
  /([\w-]+)([ \t]*=[ \t]*)(?:"([^"\\\n]*)"|(-?(?:0|[1-9]\d{0,14}))|(true|false)|\[\])[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;

/**
 * Parses TOML 1.0. All mistakes are found, up to a hundred: after one, parsing goes on where the next statement begins. The
 * table has everything that is right; of what is set twice, the first. Never throws. Takes time and memory in proportion to
 * the text, which the caller bounds.
 */
export function parseToml(source: string): { readonly table: TomlTable; readonly mistakes: readonly TomlMistake[] } {
  const mistakes = new Mistakes(source);
  const tables = new Tables(mistakes);
  try {
    const text = withoutForbidden(source, mistakes);
    // A byte order mark may stand first.
    readStatements(new Cursor(text, mistakes, text.startsWith("\ufeff") ? 1 : 0), tables);
  } catch (error) {
    if (!(error instanceof TooManyMistakes)) throw error;
  }
  return { table: tables.root, mistakes: mistakes.list() };
}

function readStatements(cursor: Cursor, tables: Tables): void {
  const { source } = cursor;
  let section: Section = { table: tables.root, depth: 0 };
  for (;;) {
    const at = skipComments(source, cursor.at);
    if (at >= source.length) return;
    cursor.at = at;
    const first = source.charCodeAt(at);
    if (first <= unit.space) cursor.at++;
    else if (first === unit.openBracket) section = readStatement(cursor, tables, section);
    else if (!readCommonLine(cursor, section.table)) section = readStatement(cursor, tables, section);
  }
}

/** Moves from the beginning of a line, or its first character, over lines that are comments. */
function skipComments(source: string, start: number): number {
  let at = start;
  while (source.charCodeAt(at) === unit.hash) {
    const end = source.indexOf("\n", at);
    if (end < 0) return source.length;
    at = end + 1;
  }
  return at;
}

function readCommonLine(cursor: Cursor, { entries }: OpenTable): boolean {
  const { at } = cursor;
  commonLine.lastIndex = at;
  const match = commonLine.exec(cursor.source);
  if (match === null) return false;
  // By index: destructuring an array runs its iterator, which takes as long as the match.
  const key = match[1] ?? "";
  // What is set already is told by the code for all statements.
  if (entries.has(key)) return false;
  entries.set(key, { value: commonValue(match), keyAt: at, valueAt: at + key.length + (match[2] ?? "").length });
  cursor.at = commonLine.lastIndex;
  return true;
}

function commonValue(match: RegExpExecArray): TomlValue {
  if (match[3] !== undefined) return match[3];
  if (match[4] !== undefined) return Number(match[4]) || 0;
  return match[5] === undefined ? [] : match[5] === "true";
}

/** Returns the section that the next statement belongs to. */
function readStatement(cursor: Cursor, tables: Tables, section: Section): Section {
  const start = cursor.at;
  const isHeader = cursor.unit() === unit.openBracket;
  try {
    if (isHeader) return readHeader(cursor, tables);
    readKeyValue(cursor, section);
  } catch (error) {
    if (!(error instanceof SyntaxMistake)) throw error;
    cursor.mistakes.add(error.at, error.message);
    cursor.at = recoverAt(cursor, start, error);
    // Keys below a header that nobody can read belong to no table that is known.
    if (isHeader) return { table: new OpenTable("header"), depth: 0 };
  }
  return section;
}

/** Where to go on after a statement that began at `start` and could not be read to its end. */
function recoverAt({ source, at }: Cursor, start: number, { searchFrom = at }: SyntaxMistake): number {
  const next = nextLine(source, start);
  if (searchFrom < next) return skipRemains(source, next);
  // Never back to where it began.
  return nextStatement(source, Math.max(next, source.lastIndexOf("\n", searchFrom - 1) + 1));
}
