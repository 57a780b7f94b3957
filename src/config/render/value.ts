import { type Printable, printTomlValue } from "../toml/print.ts";

/** What TOML allows in strings and a terminal should not see: C1 controls, and what turns the direction of writing round. */
const harmful = /[\u0080-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A key's value, in its canonical spelling, as it is written in a TOML file; `unset` for one that has none. */
export function settingText(value: unknown): string {
  if (value === undefined) return "unset";
  // An annotation's number may be larger than TOML's are; it is shown all the same.
  if (typeof value === "bigint") return String(value);
  return printTomlValue(value as Printable).replace(
    harmful,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The same for JSON: null for none; 64-bit integers that a double cannot hold become strings. */
export function settingJson(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (Array.isArray(value)) return value.map(settingJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, settingJson(inner)]));
}
