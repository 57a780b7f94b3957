import { nearest } from "../base/nearest.ts";
import type { Key, Keys, ValuesOf } from "./key.ts";
import { type Problem, suggestValue } from "./problem.ts";
import { entry, isTable, type TomlTable, type TomlValue } from "./toml.ts";

/** What reading has found out so far. */
export interface Findings {
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

/** Reads a table by its keys: absent ones and wrong ones get their fallback, wrong and unknown ones are reported. */
export function readTable<K extends Keys>(
  table: TomlTable,
  path: readonly string[],
  keys: K,
  findings: Findings,
): ValuesOf<K> {
  reportUnknown(table, path, Object.keys(keys), findings.warnings);
  const values: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(keys)) {
    values[name] = readValue(entry(table, name), [...path, name], key, findings.problems);
  }
  return values as ValuesOf<K>;
}

function readValue(
  got: TomlValue | undefined,
  path: readonly string[],
  key: Key<unknown>,
  problems: Problem[],
): unknown {
  if (got === undefined) return key.fallback;
  const value = key.accept(got);
  if (value !== undefined) return value;
  problems.push({ path, rule: key.rule, got, ...suggestValue(got, key.choices) });
  return key.fallback;
}

/** A table within a table; an empty one when it is absent, a problem when it is something else. */
export function subTable(table: TomlTable, path: readonly string[], findings: Findings): TomlTable {
  const got = entry(table, path.at(-1) ?? "");
  if (got === undefined) return {};
  if (isTable(got)) return got;
  findings.problems.push({ path, rule: "must be a table", got });
  return {};
}

/** Keys that nobody knows, with the one that was probably meant. */
export function reportUnknown(
  table: TomlTable,
  path: readonly string[],
  known: readonly string[],
  warnings: Problem[],
): void {
  for (const name of Object.keys(table)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const suggestion = meant === undefined ? {} : { suggestion: meant };
    warnings.push({ path: [...path, name], rule: "is not a known key and is ignored", aboutKey: true, ...suggestion });
  }
}
