import { TomlTable, type TomlValue } from "../value.ts";

/** Parsed data without positions: tables as plain records, for comparison in tests. */
export function plain(value: TomlValue): unknown {
  if (value instanceof TomlTable) {
    return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
}
