/** One place of a pattern's part: any run of characters, one character, or one within or outside of ranges. */
type Token =
  | { readonly kind: "run" }
  | { readonly kind: "one" }
  | {
      readonly kind: "class";
      readonly negated: boolean;
      readonly ranges: readonly (readonly [from: number, to: number])[];
    };

/** A pattern for paths, part by part between slashes. */
export type Glob = readonly (readonly Token[])[];

/** Longer than any path of Linux. */
const maxLength = 4096;

/**
 * Reads a pattern as Go's `filepath.Match` does, so that an allow-list means what it means upstream: `*`, `?`, `[a-z]`,
 * `[^a-z]`, `\` before a character that stands for itself. Nothing matches a slash, and there is no `**`. Undefined when it is
 * no valid pattern.
 */
export function parseGlob(pattern: string): Glob | undefined {
  if (pattern === "" || pattern.length > maxLength) return undefined;
  const parts = pattern.split("/").map(parsePart);
  return parts.includes(undefined) ? undefined : (parts as Glob);
}

/** Whether the whole path matches. Takes at most the product of both lengths in time. */
export function globMatches(glob: Glob, path: string): boolean {
  if (path.length > maxLength) return false;
  const parts = path.split("/");
  return parts.length === glob.length && parts.every((part, index) => partMatches(glob[index] ?? [], codePoints(part)));
}

function parsePart(text: string): Token[] | undefined {
  const chars = Array.from(text);
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at];
    if (char === "*") tokens.push({ kind: "run" });
    else if (char === "?") tokens.push({ kind: "one" });
    else if (char === "[") {
      const found = parseClass(chars, at + 1);
      if (found === undefined) return undefined;
      tokens.push(found.token);
      at = found.end;
    } else {
      const literal = char === "\\" ? chars[++at] : char;
      if (literal === undefined) return undefined;
      const code = literal.codePointAt(0) ?? 0;
      tokens.push({ kind: "class", negated: false, ranges: [[code, code]] });
    }
  }
  return tokens;
}

/** The class that begins behind its bracket; `end` is where its closing bracket stands. */
function parseClass(chars: readonly string[], start: number): { token: Token; end: number } | undefined {
  const negated = chars[start] === "^";
  const ranges: [number, number][] = [];
  let at = negated ? start + 1 : start;
  while (chars[at] !== "]" || ranges.length === 0) {
    const from = classChar(chars, at);
    if (from === undefined) return undefined;
    const to = chars[from.next] === "-" ? classChar(chars, from.next + 1) : from;
    if (to === undefined || to.code < from.code) return undefined;
    ranges.push([from.code, to.code]);
    at = to.next;
  }
  return { token: { kind: "class", negated, ranges }, end: at };
}

function classChar(chars: readonly string[], at: number): { code: number; next: number } | undefined {
  const first = chars[at];
  if (first === "-" || first === "]") return undefined;
  const next = first === "\\" ? at + 1 : at;
  const code = chars[next]?.codePointAt(0);
  return code === undefined ? undefined : { code, next: next + 1 };
}

function partMatches(tokens: readonly Token[], chars: readonly number[]): boolean {
  let [token, char] = [0, 0];
  // Where to go on when what follows the last run does not match: the run takes one character more.
  let retry: { readonly token: number; char: number } | undefined;
  while (char < chars.length || token < tokens.length) {
    const wanted = tokens[token];
    if (wanted?.kind === "run") {
      retry = { token: ++token, char };
    } else if (wanted !== undefined && tokenMatches(wanted, chars[char])) {
      token++;
      char++;
    } else if (retry !== undefined && retry.char < chars.length) {
      char = ++retry.char;
      token = retry.token;
    } else return false;
  }
  return true;
}

function tokenMatches(token: Token, code: number | undefined): boolean {
  if (code === undefined || token.kind === "run") return false;
  if (token.kind === "one") return true;
  return token.ranges.some(([from, to]) => code >= from && code <= to) !== token.negated;
}

function codePoints(text: string): number[] {
  return Array.from(text, (char) => char.codePointAt(0) ?? 0);
}
