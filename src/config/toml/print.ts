import { KataError } from "../../base/error.ts";
import { TomlDate, TomlFloat, TomlTable, type TomlValue } from "./value.ts";

/** What can be printed: what was parsed, and plain values; a number without fraction is an integer. Undefined is left out. */
export type Printable =
  | TomlValue
  | readonly Printable[]
  | ReadonlyMap<string, Printable>
  | { readonly [key: string]: Printable | undefined };

/**
 * A value on one line. Half a surrogate pair, which TOML cannot hold, becomes U+FFFD. Throws KataError `invalid-argument`
 * for a bigint beyond 64 bits.
 */
export function printTomlValue(value: Printable): string {
  if (typeof value === "string") return printString(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? printInteger(value) : printFloat(value);
  if (typeof value === "bigint") return printBigint(value);
  if (value instanceof TomlFloat) return printFloat(value.value);
  if (value instanceof TomlDate) return value.text;
  if (isArray(value)) return `[${value.map(printTomlValue).join(", ")}]`;
  const items = entriesOf(value).map(([key, item]) => `${printTomlKey(key)} = ${printTomlValue(item)}`);
  return items.length === 0 ? "{}" : `{ ${items.join(", ")} }`;
}

/** A name as a key: bare when it can be, in quotes otherwise. */
export function printTomlKey(name: string): string {
  return /^[\w-]+$/.test(name) ? name : printString(name);
}

/** A document: for each table its values, then its tables under headers of their own. */
export function printTomlTable(
  table: Exclude<Printable, string | number | bigint | boolean | readonly Printable[]>,
): string {
  const lines: string[] = [];
  printBody(lines, table, []);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function printBody(lines: string[], table: Printable, path: readonly string[]): void {
  const entries = entriesOf(table);
  const values = entries.filter(([, value]) => !isTable(value) && !isTableArray(value));
  for (const [key, value] of values) lines.push(`${printTomlKey(key)} = ${printTomlValue(value)}`);
  for (const [key, value] of entries) {
    const below = [...path, printTomlKey(key)];
    if (isTableArray(value)) {
      for (const item of value) {
        startSection(lines, `[[${below.join(".")}]]`);
        printBody(lines, item, below);
      }
    } else if (isTable(value)) {
      const inner = entriesOf(value);
      // Headers of the tables within imply it.
      if (inner.length === 0 || inner.some(([, item]) => !isTable(item) && !isTableArray(item))) {
        startSection(lines, `[${below.join(".")}]`);
      }
      printBody(lines, value, below);
    }
  }
}

function startSection(lines: string[], header: string): void {
  if (lines.length > 0) lines.push("");
  lines.push(header);
}

function isArray(value: Printable): value is readonly Printable[] {
  return Array.isArray(value);
}

function isTable(value: Printable): boolean {
  return typeof value === "object" && !isArray(value) && !(value instanceof TomlFloat) && !(value instanceof TomlDate);
}

function isTableArray(value: Printable): value is readonly Printable[] {
  return isArray(value) && value.length > 0 && value.every(isTable);
}

function entriesOf(table: Printable): [string, Printable][] {
  if (table instanceof TomlTable) return [...table.entries].map(([key, { value }]) => [key, value]);
  const entries = table instanceof Map ? [...table] : Object.entries(table as object);
  return entries.filter(([, value]) => value !== undefined);
}

/** Negative zero is a float. */
function printInteger(value: number): string {
  return Object.is(value, -0) ? "-0.0" : String(value);
}

function printFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function printBigint(value: bigint): string {
  if (value >= -(2n ** 63n) && value < 2n ** 63n) return String(value);
  throw new KataError("invalid-argument", `${value} does not fit into 64 bits`);
}

const shortEscapes = new Map([
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ['"', '\\"'],
  ["\\", "\\\\"],
]);

function printString(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be escaped
  const escaped = text.replace(/["\\\0-\x1f\x7f\ud800-\udfff]/gu, (unit) => {
    if (unit >= "\ud800") return "\ufffd";
    return shortEscapes.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}
