import type { TomlValue } from "../toml/value.ts";

/** Milliseconds as seconds, rounded up; undefined when it is no whole number. */
export function milliseconds(value: TomlValue): TomlValue | undefined {
  if (typeof value === "bigint") return (value + 999n) / 1000n;
  return typeof value === "number" ? Math.ceil(value / 1000) : undefined;
}
