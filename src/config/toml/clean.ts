import { utf8Encode } from "../../base/bytes.ts";
import type { Mistakes } from "./mistake.ts";

// All of ASCII's but tab, line feed and carriage return.
const controls = [...Array(32).keys(), 0x7f].filter((code) => code !== 0x09 && code !== 0x0a && code !== 0x0d);
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)/gu;

/**
 * The text without what TOML forbids wherever it stands: control characters, carriage returns that end no line, lone
 * surrogates. Each kind is one mistake, at its first place, and is replaced so that offsets stay the same.
 */
export function withoutForbidden(source: string, mistakes: Mistakes): string {
  if (isClean(source)) return source;
  const seen = new Map<string, { at: number; count: number }>();
  const cleaned = source.replace(forbidden, (unit, at: number) => {
    const kind = unit >= "\ud800" ? "\ud800" : unit;
    const before = seen.get(kind);
    if (before === undefined) seen.set(kind, { at, count: 1 });
    else before.count++;
    return unit === "\r" ? "\n" : " ";
  });
  for (const [kind, { at, count }] of seen) {
    mistakes.add(at, count === 1 ? rule(kind) : `${rule(kind)} (it occurs ${count} times)`);
  }
  return cleaned;
}

/** The engine searches bytes a hundred times faster than its regular expressions search text. */
function isClean(source: string): boolean {
  const bytes = utf8Encode(source);
  if (controls.some((code) => bytes.includes(code))) return false;
  if (bytes.includes(0x0d) && source.split("\r").length !== source.split("\r\n").length) return false;
  // ECMAScript 2024, which both targets have and the type library does not.
  return bytes.length === source.length || (source as string & { isWellFormed(): boolean }).isWellFormed();
}

function rule(kind: string): string {
  if (kind === "\r") return "A carriage return is allowed only before a line feed";
  if (kind === "\ud800") return "Half a surrogate pair is no character";
  const code = kind.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return `The control character U+${code} is not allowed; in a string write \\u${code}`;
}
