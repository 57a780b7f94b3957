import { type Cursor, unit } from "./cursor.ts";
import { SyntaxMistake } from "./mistake.ts";

// Neither escapes nor the quotes of a multi-line string: nearly all strings.
const plainString = /"[^"\\\n]*"(?!")/y;
const basicChunk = /[^"\\\n]*/y;
const multiLineChunk = /[^"\\]*/y;
const literalChunk = /[^']*/y;
const backslashAtEnd = /\\(?:\r?\n|$)/y;
// A backslash that ends its line, and the white space up to the next character.
const lineContinuation = /\\[ \t]*\r?\n[ \t\r\n]*/y;
const hex4 = /[\dA-Fa-f]{4}/y;
const hex8 = /[\dA-Fa-f]{8}/y;
const escapes = new Map([
  ["b", "\b"],
  ["t", "\t"],
  ["n", "\n"],
  ["f", "\f"],
  ["r", "\r"],
  ['"', '"'],
  ["\\", "\\"],
]);

/** Reads a string of any of the four kinds; the cursor stands on its first quote. Throws SyntaxMistake when it does not end. */
export function readString(cursor: Cursor): string {
  const { source, at } = cursor;
  if (cursor.skip(plainString)) return source.slice(at + 1, cursor.at - 1);
  if (source.startsWith('"""', at)) return readMultiLine(cursor, '"""');
  if (source.startsWith("'''", at)) return readMultiLine(cursor, "'''");
  return readOneLine(cursor);
}

/** Reads a string in single or double quotes that ends on its line. */
export function readOneLine(cursor: Cursor): string {
  const open = cursor.at++;
  if (cursor.source.charCodeAt(open) === unit.apostrophe) {
    const end = cursor.source.indexOf("'", cursor.at);
    if (end < 0 || end > cursor.lineEnd()) throw endless(open);
    const text = cursor.source.slice(cursor.at, end);
    cursor.at = end + 1;
    return text;
  }
  const pieces: string[] = [];
  for (;;) {
    pieces.push(cursor.take(basicChunk));
    const next = cursor.unit();
    if (next === unit.quote) {
      cursor.at++;
      return pieces.join("");
    }
    if (next !== unit.backslash || cursor.fits(backslashAtEnd)) throw endless(open);
    pieces.push(readEscape(cursor));
  }
}

function endless(open: number): SyntaxMistake {
  return new SyntaxMistake(open, "A string must end on its line");
}

function readMultiLine(cursor: Cursor, quotes: '"""' | "'''"): string {
  const open = cursor.at;
  cursor.at += 3;
  const firstLineEnd = cursor.lineEnd();
  // A line end right after the quotes is no part of the string.
  if (cursor.unit() === unit.carriageReturn) cursor.at++;
  if (cursor.unit() === unit.lineFeed) cursor.at++;
  const close = quotes === "'''" ? /'''/y : /"""/y;
  const chunk = quotes === "'''" ? literalChunk : multiLineChunk;
  const pieces: string[] = [];
  for (;;) {
    pieces.push(cursor.take(chunk));
    if (cursor.at >= cursor.source.length) {
      throw new SyntaxMistake(open, `The string is not closed with ${quotes}`, firstLineEnd + 1);
    }
    if (cursor.unit() === unit.backslash) {
      if (!cursor.skip(lineContinuation)) pieces.push(readEscape(cursor));
    } else if (cursor.skip(close)) {
      // Up to two quotes more belong to the text.
      pieces.push(cursor.take(quotes === "'''" ? /'{0,2}/y : /"{0,2}/y));
      return pieces.join("");
    } else {
      pieces.push(cursor.source[cursor.at++] ?? "");
    }
  }
}

/** A wrong escape is a mistake, but the string goes on behind it. */
function readEscape(cursor: Cursor): string {
  const start = cursor.at++;
  // Both halves of a surrogate pair, or none.
  const letter = String.fromCodePoint(cursor.source.codePointAt(cursor.at) ?? unit.space);
  // White space may mean something to the scanner.
  if (/\s/.test(letter)) {
    cursor.mistakes.add(start, "A backslash stands before white space; a backslash in a string is written \\\\");
    return "";
  }
  cursor.at += letter.length;
  const plain = escapes.get(letter);
  if (plain !== undefined) return plain;
  if (letter === "u" || letter === "U") return readCodePoint(cursor, start, letter);
  cursor.mistakes.add(start, `There is no escape \\${letter}; a backslash in a string is written \\\\`);
  return "";
}

function readCodePoint(cursor: Cursor, start: number, letter: "u" | "U"): string {
  const digits = cursor.take(letter === "u" ? hex4 : hex8);
  const code = Number.parseInt(digits, 16);
  if (digits === "") cursor.mistakes.add(start, `\\${letter} needs ${letter === "u" ? 4 : 8} hexadecimal digits`);
  else if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    cursor.mistakes.add(start, `\\${letter}${digits} is no character`);
  } else return String.fromCodePoint(code);
  return "";
}
