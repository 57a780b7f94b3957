import { cut } from "../../base/cut.ts";
import type { Cursor } from "./cursor.ts";
import { SyntaxMistake } from "./mistake.ts";
import { TomlDate, TomlFloat, type TomlValue } from "./value.ts";

const token = /[^ \t\r\n,\]}#]*/y;
const dateBeforeTime = /\d{4}-\d\d-\d\d \d[^ \t\r\n,\]}#]*/y;
const restOfItem = /[^,\]}\r\n#]*/y;
const restOfLine = /[^\r\n#]*/y;

const integer = /^[+-]?(?:0|[1-9](?:_?\d)*)$/;
const radixInteger = /^0(?:x[\da-f](?:_?[\da-f])*|o[0-7](?:_?[0-7])*|b[01](?:_?[01])*)$/i;
const float = /^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:e[+-]?\d(?:_?\d)*)?$/i;
const date = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?)?$/;
const time = /^\d\d:\d\d:\d\d(?:\.\d+)?$/;

/** No number or date needs more, and turning digits into a bigint takes quadratic time. */
const maxTokenLength = 1000;
const maxInteger = 2n ** 63n - 1n;
const minInteger = -(2n ** 63n);
const words = new Map<string, () => TomlValue>([
  ["true", () => true],
  ["false", () => false],
  ["inf", () => new TomlFloat(Infinity)],
  ["+inf", () => new TomlFloat(Infinity)],
  ["-inf", () => new TomlFloat(-Infinity)],
  ["nan", () => new TomlFloat(NaN)],
  ["+nan", () => new TomlFloat(NaN)],
  ["-nan", () => new TomlFloat(NaN)],
]);

/**
 * Reads a boolean, number, date or time. What is none of them is a mistake, and skipped: undefined. `within`: in an array or
 * inline table, where the next value may stand on the same line. Throws SyntaxMistake when nothing is there.
 */
export function readScalar(cursor: Cursor, within: boolean): TomlValue | undefined {
  const start = cursor.at;
  const text = cursor.take(dateBeforeTime) || cursor.take(token);
  if (text === "") throw new SyntaxMistake(start, "A value is missing");
  if (text.length <= maxTokenLength) {
    const word = words.get(text);
    if (word !== undefined) return word();
    if (integer.test(text) || isRadixInteger(text)) return integerValue(cursor, start, text);
    if (float.test(text)) return new TomlFloat(Number(text.replaceAll("_", "")));
    if (isDate(text)) return new TomlDate(text);
  }
  cursor.skip(within ? restOfItem : restOfLine);
  cursor.mistakes.add(start, wrongValue(cursor.source.slice(start, cursor.at).trimEnd()));
  return undefined;
}

/** Digits may be of either case, but not the letter that names the base. */
function isRadixInteger(text: string): boolean {
  return text.charCodeAt(1) >= 0x61 && radixInteger.test(text);
}

function integerValue(cursor: Cursor, start: number, text: string): TomlValue | undefined {
  const digits = text.replaceAll("_", "");
  // The sign of zero means nothing.
  if (digits.length <= 15) return Number(digits) || 0;
  const value = digits.startsWith("+") ? BigInt(digits.slice(1)) : BigInt(digits);
  if (value < minInteger || value > maxInteger) {
    cursor.mistakes.add(start, `${cut(text, 40)} does not fit into 64 bits`);
    return undefined;
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function isDate(text: string): boolean {
  if (time.test(text)) return isTime(text);
  if (!date.test(text)) return false;
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return false;
  const offset = /[+-](\d\d):(\d\d)$/.exec(text.slice(10));
  if (offset !== null && (Number(offset[1]) > 23 || Number(offset[2]) > 59)) return false;
  return text.length === 10 || isTime(text.slice(11));
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isTime(text: string): boolean {
  // A leap second is a second, too.
  return Number(text.slice(0, 2)) < 24 && Number(text.slice(3, 5)) < 60 && Number(text.slice(6, 8)) <= 60;
}

function wrongValue(text: string): string {
  const name = cut(text, 40);
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "false") return `${name} is not a value; write ${lower}`;
  if (/^[+-]?0[\d_]+$/.test(text)) return `${name} is not a number: it must not begin with 0`;
  if (/^[+-]?\.\d|^[+-]?\d[\d_]*\.(?:$|e)/i.test(text))
    return `${name} is not a number: digits stand on both sides of the point`;
  if (/^[+-]?\d[\d_]*$/.test(text)) return `${name} is not a number: an underscore stands between two digits`;
  if (/^\d{4}-\d\d-\d\d/.test(text) || /^\d\d:\d\d/.test(text)) return `${name} is not a date or time`;
  return `${name} is not a value; text stands in quotes`;
}
