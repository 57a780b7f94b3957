/** Where a key and its value begin; lines and columns count from 1. */
export interface KeyLocation {
  readonly line: number;
  readonly keyColumn: number;
  readonly valueColumn: number;
}

const keyPart = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w-]+/y;
const blank = /(?:[ \t\r\n]|#[^\n]*)*/y;
const spaces = /[ \t]*/y;
// One step through a value: a string of any kind, a comment, or a single character.
const valueStep = /"""(?:[^\\]|\\.)*?"{3,5}|'''.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|./sy;

/**
 * Finds a key, or a table's header, in TOML text that has been parsed before: the parser does not say where its values
 * came from. Made for error messages: it walks through the text once.
 */
export function locateKey(source: string, path: readonly string[]): KeyLocation | undefined {
  const wanted = JSON.stringify(path);
  let table: readonly string[] = [];
  for (let at = skip(blank, source, 0); at < source.length; at = skip(blank, source, at)) {
    const start = at;
    const brackets = source.startsWith("[[", at) ? 2 : source[at] === "[" ? 1 : 0;
    const key = readKey(source, skip(spaces, source, at + brackets));
    if (key === undefined) return undefined;
    at = skip(spaces, source, key.end);
    if (brackets > 0) {
      table = key.parts;
      // The header of a table within makes the table exist, too.
      if (JSON.stringify(table.slice(0, path.length)) === wanted) return position(source, start, start);
      at += brackets;
      continue;
    }
    const valueStart = skip(spaces, source, at + 1);
    if (JSON.stringify([...table, ...key.parts]) === wanted) return position(source, start, valueStart);
    at = skipValue(source, valueStart);
  }
  return undefined;
}

function readKey(source: string, start: number): { parts: string[]; end: number } | undefined {
  const parts: string[] = [];
  for (let at = start; ; at++) {
    at = skip(spaces, source, at);
    keyPart.lastIndex = at;
    const raw = keyPart.exec(source)?.[0];
    if (raw === undefined) return undefined;
    parts.push(/^["']/.test(raw) ? unquote(raw) : raw);
    const end = at + raw.length;
    at = skip(spaces, source, end);
    if (source[at] !== ".") return { parts, end };
  }
}

function unquote(raw: string): string {
  if (raw.startsWith("'")) return raw.slice(1, -1);
  try {
    return String(JSON.parse(raw));
  } catch {
    // TOML's \U escapes are not JSON's; such a key is merely not found.
    return raw;
  }
}

/** The end of a value: the line's end, unless a bracket is open. */
function skipValue(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; ) {
    const char = source[at];
    if (char === "\n" && depth === 0) return at;
    if (char === "[" || char === "{") depth++;
    if (char === "]" || char === "}") depth--;
    at = skip(valueStep, source, at);
  }
  return source.length;
}

function skip(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(source)?.[0].length ?? 1);
}

function position(source: string, key: number, value: number): KeyLocation {
  const lineStart = source.lastIndexOf("\n", key - 1) + 1;
  let line = 1;
  for (let at = source.indexOf("\n"); at >= 0 && at < key; at = source.indexOf("\n", at + 1)) line++;
  return { line, keyColumn: key - lineStart + 1, valueColumn: value - lineStart + 1 };
}
