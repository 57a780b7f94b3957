import type { TomlValue } from "../toml/value.ts";

/** Milliseconds as seconds, rounded up; undefined when it is no whole number. What is negative stays so, to be refused. */
export function milliseconds(value: TomlValue): number | bigint | undefined {
  if (typeof value === "bigint") return value < 0n ? value : (value + 999n) / 1000n;
  if (typeof value === "number") return value < 0 ? value : Math.ceil(value / 1000);
  return undefined;
}
