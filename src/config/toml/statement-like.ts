const name = String.raw`(?:[\w-]+|"[^"\n]*"|'[^'\n]*')`;
const dotted = String.raw`(?:[ \t]*\.[ \t]*${name}){0,64}[ \t]*`;
// `[1]` and `[true]` on a line of their own may be arrays within an array; a bare word in brackets is none.
const header = String.raw`\[{1,2}[ \t]*(?!(?:true|false|inf|nan)[ \t]*\])[A-Za-z_][\w-]*${dotted}\]`;
const statement = new RegExp(String.raw`[ \t]*(?:${name}${dotted}=|${header})`, "y");
// What lines of a broken array begin with: brackets, values, and words before a comma.
const literal = String.raw`(?:"[^"\n]*"|'[^'\n]*'|[+-]?\d[\w.+:-]*|true|false)`;
const remains = new RegExp(
  String.raw`[ \t]*(?:[\]},]|[[{]+[ \t]*\r?\n|${literal}[ \t]*(?:[,\]}]|\r?\n|$)|[\w.+-]+[ \t]*,)`,
  "y",
);
/[ \t]*(?:[\]},]|[[{]+[ \t]*\r?\n|(?:"[^"\n]*"|'[^'\n]*'|[\w.+-]+)[ \t]*(?:[,\]}]|$)|"[^"\n]*"[ \t]*\r?\n)/y;

/** Whether `key =` or a header stands at an offset, which must be at the beginning of a line or after its white space. */
export function looksLikeStatement(source: string, at: number): boolean {
  statement.lastIndex = at;
  return statement.test(source);
}

/** The first line that looks like a statement, of those that begin at `lineStart` or later; or the end. */
export function nextStatement(source: string, lineStart: number): number {
  let at = lineStart;
  while (at < source.length && !looksLikeStatement(source, at)) at = nextLine(source, at);
  return at;
}

/** The first line that does not look like the rest of a value of several lines. */
export function skipRemains(source: string, lineStart: number): number {
  let at = lineStart;
  while (at < source.length && looksLikeRemains(source, at)) at = nextLine(source, at);
  return at;
}

function looksLikeRemains(source: string, at: number): boolean {
  remains.lastIndex = at;
  return remains.test(source);
}

/** The offset after the line feed that ends the line of `at`, or the end. */
export function nextLine(source: string, at: number): number {
  const end = source.indexOf("\n", at);
  return end < 0 ? source.length : end + 1;
}
