import type { TomlValue } from "../toml/value.ts";

/** Milliseconds as seconds, rounded up; undefined when it is no whole number of at least 0. */
export function milliseconds(value: TomlValue): TomlValue | undefined {
  if (typeof value === "bigint") return value < 0n ? undefined : (value + 999n) / 1000n;
  return typeof value === "number" && value >= 0 ? Math.ceil(value / 1000) : undefined;
}
