import { KataError } from "../base/error.ts";

/** Marks a number that a double cannot hold exactly; NUL keeps it apart from all text that a check accepts. */
const BIG_NUMBER = "\0number:";

/** Whether a digit run appears that may not fit a double. */
const LONG_NUMBER = /\d{16}/;
/** The string's loop is unrolled: alternation inside a loop would keep a backtracking record for each character. */
const STRING_OR_LONG_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,20}(?![\d.eE])/g;
const INTEGER_64 = /^-?\d{1,20}$/;

/**
 * Parses JSON from a peer. Integers that a double would round arrive as `BigInt`-able text, which `exactInteger` reads.
 * Throws KataError `invalid-argument`, with `what` as the subject, for malformed text and for nesting that the engine's
 * stack cannot hold; whoever walks the result follows a schema, so lesser depths do no harm.
 */
export function parseJson(text: string, what: string): unknown {
  const exact = LONG_NUMBER.test(text)
    ? text.replace(STRING_OR_LONG_NUMBER, (token) => (token[0] === '"' ? token : `"\\u0000number:${token}"`))
    : text;
  try {
    return JSON.parse(exact);
  } catch (error) {
    throw new KataError("invalid-argument", `${what} is not valid JSON`, { cause: error });
  }
}

/** The integer that `parseJson` delivered, or undefined when the value is none. */
export function exactInteger(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== "string" || !value.startsWith(BIG_NUMBER)) return undefined;
  const digits = value.slice(BIG_NUMBER.length);
  return INTEGER_64.test(digits) ? BigInt(digits) : undefined;
}
