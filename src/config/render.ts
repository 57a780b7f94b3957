import type { Key } from "./key.ts";
import { tables } from "./schema/tables.ts";

/** Files that only the installation knows. */
export interface ConfigurationPaths {
  readonly kernel: string;
  readonly initrd: string;
}

/** The text of a configuration file with every key, its meaning and its default. */
export function renderConfiguration(paths: ConfigurationPaths): string {
  const known: Readonly<Record<string, string>> = { kernel: paths.kernel, initrd: paths.initrd };
  const parts = [
    "# Configuration of kata-ts. Keys may be left out; the values here are the defaults, but for paths.",
    "# To change some, write them to config.d/NAME.toml beside this file: such files are read in the order of their names.",
  ];
  for (const { path, about, keys } of tables) {
    parts.push("", `# ${about}.`, `[${path.join(".")}]`);
    for (const [name, key] of Object.entries(keys)) {
      parts.push(`# ${comment(key)}`, `${name} = ${literal(known[name] ?? key.fallback)}`);
    }
  }
  return `${parts.join("\n")}\n`;
}

function comment(key: Key<unknown>): string {
  const unit = key.unit === undefined ? "" : `, in ${key.unit}`;
  const choices = key.choices === undefined ? "" : ` (${key.choices.filter((choice) => choice !== "").join(" | ")})`;
  return `${key.meaning}${unit}${choices}`;
}

function literal(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(literal).join(", ")}]` : JSON.stringify(value);
}
