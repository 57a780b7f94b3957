import type { Shape } from "../schema/key.ts";
import { printTomlKey, printTomlValue } from "../toml/print.ts";
import { TomlFloat } from "../toml/value.ts";

/** A key's value, in its canonical spelling, as it is written in a TOML file. */
export function settingText(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case "list":
      return `[${(value as readonly unknown[]).map((item) => settingText(shape.of, item)).join(", ")}]`;
    case "tables":
      return `[${(value as readonly Readonly<Record<string, unknown>>[]).map((row) => rowText(shape, row)).join(", ")}]`;
    case "decimal":
      return printTomlValue(Number.isInteger(value) ? (value as number) : new TomlFloat(value as number));
    case "integer":
      // An annotation's number may be larger than TOML's are; it is shown all the same.
      return String(value as number | bigint);
    case "flag":
    case "text":
    case "path":
    case "choice":
      return printTomlValue(value as boolean | string);
  }
}

/** The same for JSON: 64-bit integers that a double cannot hold become strings. */
export function settingJson(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (Array.isArray(value)) return value.map(settingJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, settingJson(inner)]));
}

function rowText({ keys }: Shape & { kind: "tables" }, row: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(keys).map(
    ([name, key]) => `${printTomlKey(name)} = ${settingText(key.shape, row[name])}`,
  );
  return `{ ${entries.join(", ")} }`;
}
