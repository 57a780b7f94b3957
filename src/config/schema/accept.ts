import { TomlFloat, TomlTable, type TomlValue } from "../toml/value.ts";
import type { Key, Shape } from "./key.ts";

/** The checked value in its canonical spelling; undefined when it breaks the key's rule. */
export function accept<T>(key: Key<T>, value: TomlValue): T | undefined {
  return acceptValue(key.shape, value) as T | undefined;
}

/** The value in its canonical spelling, or undefined when it does not have the shape. Tables become plain records. */
export function acceptValue(shape: Shape, value: TomlValue): unknown {
  switch (shape.kind) {
    case "flag":
      return typeof value === "boolean" ? value : undefined;
    case "integer":
      return acceptInteger(shape, value);
    case "decimal": {
      const number = value instanceof TomlFloat ? value.value : value;
      return typeof number === "number" && Number.isFinite(number) && number >= shape.min && number <= shape.max
        ? number
        : undefined;
    }
    case "text":
      return isPlainText(value, shape.maxLength) && (shape.pattern?.test(value) ?? true) ? value : undefined;
    case "path":
      return isPlainText(value, 4096) && (value.startsWith("/") || (value === "" && shape.optional))
        ? value
        : undefined;
    case "choice": {
      if (typeof value !== "string") return undefined;
      const word = Object.hasOwn(shape.synonyms, value) ? shape.synonyms[value] : value;
      return shape.choices.find((one) => one === word);
    }
    case "list":
      return acceptList(shape, value);
    case "tables":
      return acceptTables(shape, value);
  }
}

function acceptInteger(shape: Shape & { kind: "integer" }, value: TomlValue): number | bigint | undefined {
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  const wide = BigInt(value);
  if (wide === 0n && shape.orZero === true) return typed(shape, wide);
  if (wide < shape.min || wide > shape.max) return undefined;
  if (shape.powerOfTwo === true && (wide & (wide - 1n)) !== 0n) return undefined;
  return typed(shape, wide);
}

/** A key whose bounds a double cannot hold has bigints for values. */
function typed(shape: Shape & { kind: "integer" }, value: bigint): number | bigint {
  return shape.max > BigInt(Number.MAX_SAFE_INTEGER) ? value : Number(value);
}

function acceptList(shape: Shape & { kind: "list" }, value: TomlValue): unknown[] | undefined {
  if (!Array.isArray(value) || value.length > shape.maxItems) return undefined;
  const items = value.map((item: TomlValue) => acceptValue(shape.of, item));
  return items.includes(undefined) ? undefined : items;
}

function acceptTables(shape: Shape & { kind: "tables" }, value: TomlValue): unknown[] | undefined {
  if (!Array.isArray(value) || value.length > shape.maxItems) return undefined;
  const rows: Record<string, unknown>[] = [];
  for (const item of value as readonly TomlValue[]) {
    if (!(item instanceof TomlTable)) return undefined;
    const row: Record<string, unknown> = {};
    for (const [name, key] of Object.entries(shape.keys)) {
      const entry = item.get(name);
      const accepted = entry === undefined ? key.fallback : acceptValue(key.shape, entry.value);
      if (accepted === undefined) return undefined;
      row[name] = accepted;
    }
    rows.push(row);
  }
  return rows;
}

/** Whether it is a string without control characters. */
export function isPlainText(value: unknown, maxLength: number): value is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
  return typeof value === "string" && value.length <= maxLength && !/[\x00-\x1f\x7f]/.test(value);
}
