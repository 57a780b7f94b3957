import type { Shape } from "../schema/key.ts";
import type { TomlValue } from "../toml/value.ts";

/** The words of Go's `ParseBool`, which upstream reads flags with and manifests therefore use. */
const flagWords: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((word) => [word, false] as const),
]);

/**
 * What separates the items of a list that is not written as a JSON array, by the key's name. Upstream's runtimes split
 * kernel modules at semicolons (a module's parameters follow it after spaces), and experimental features at spaces or commas.
 * Node sets have commas inside.
 */
const separators: ReadonlyMap<string, RegExp> = new Map([
  ["kernel_modules", /;/],
  ["experimental", /[ ,]/],
  ["numa_mapping", /[ ;]/],
]);

/**
 * An annotation's text as the value that a file would hold; undefined when it cannot be one. Nothing is trimmed or guessed:
 * numbers are ASCII digits, without exponent, base, sign `+` or leading zeros. `name` is the key's. Bounds and patterns are
 * checked by `acceptValue` afterwards.
 */
export function parseValue(shape: Shape, name: string, text: string): TomlValue | undefined {
  switch (shape.kind) {
    case "flag":
      return flagWords.get(text);
    case "integer":
      return /^(?:0|-?[1-9][0-9]{0,19})$/.test(text) ? BigInt(text) : undefined;
    case "decimal":
      return /^(?:0|-?[1-9][0-9]{0,8}|-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,9})$/.test(text) ? Number(text) : undefined;
    case "text":
    case "path":
    case "choice":
      return text;
    case "list":
      return parseList(shape.of, name, text);
    case "tables":
      return undefined;
  }
}

/** How a value has to be written, where the key's own rule does not say it. */
export function valueSyntax(shape: Shape, name: string): string | undefined {
  if (shape.kind === "tables") return "cannot be written as an annotation";
  if (shape.kind !== "list") return undefined;
  if (name === "kernel_modules") return "must be modules with their parameters, separated by semicolons";
  return separators.has(name)
    ? "must be words separated by spaces, or a JSON array"
    : "must be a JSON array of strings";
}

function parseList(of: Shape, name: string, text: string): TomlValue | undefined {
  const separator = separators.get(name);
  const items = text.startsWith("[") || separator === undefined ? jsonStrings(text) : split(text, separator);
  if (items === undefined) return undefined;
  const values: TomlValue[] = [];
  for (const item of items) {
    const value = parseValue(of, name, item);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function split(text: string, separator: RegExp): string[] {
  return text
    .split(separator)
    .map((item) => item.replace(/^ +| +$/g, ""))
    .filter((item) => item !== "");
}

function jsonStrings(text: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's reason would not help: the finding shows rule and text.
    return undefined;
  }
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}
