import { parse, TomlError } from "smol-toml";
import { KataError } from "../base/error.ts";

/** What a TOML file can hold; dates are of no use here and only recognised as wrong. */
export type TomlValue = string | number | bigint | boolean | Date | readonly TomlValue[] | TomlTable;
export interface TomlTable {
  readonly [key: string]: TomlValue;
}

/** Whether a value is a table. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);
}

/** A table's own entry: names such as `constructor` are nothing special. */
export function entry(table: TomlTable, key: string): TomlValue | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Parses TOML 1.0. Throws KataError `invalid-argument` that begins with `file:line:column`. */
export function parseToml(source: string, file: string): TomlTable {
  try {
    // Dates come as a subclass of Date, everything else is plain.
    return parse(blankComments(source)) as TomlTable;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = (error.message.split("\n", 1)[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new KataError("invalid-argument", `${file}:${error.line}:${error.column}  not TOML: ${reason}`, {
      stage: "load-config",
      hint: "Strings stand in quotes, tables in brackets, one key = value a line",
    });
  }
}

/**
 * Empties lines that are nothing but a comment, which is most of a commented file: the interpreter's regular expressions
 * are many times faster than the parser's loop over characters. Positions stay as they are.
 */
function blankComments(source: string): string {
  // In a multi-line string such a line is text.
  if (/"""|'''/.test(source)) return source;
  return source.replace(/^[ \t]*#[^\n\r]*/gm, "");
}

/** One table over another: tables merge key by key, everything else is replaced. */
export function mergeTables(base: TomlTable, over: TomlTable): TomlTable {
  const merged = new Map<string, TomlValue>(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isTable(below) && isTable(value) ? mergeTables(below, value) : value);
  }
  return Object.fromEntries(merged);
}
