import { KataError } from "../base/error.ts";
import { nearest } from "../base/nearest.ts";
import { locateKey } from "./locate.ts";
import { entry, isTable, type TomlTable, type TomlValue } from "./toml.ts";

/** A file that was read: the main one or a drop-in. */
export interface Document {
  readonly file: string;
  readonly source: string;
  readonly table: TomlTable;
}

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** The key, by its path: `["hypervisor", "qemu", "shared_fs"]`. */
  readonly path: readonly string[];
  /** Completes "KEY: ...". */
  readonly rule: string;
  /** What stands there; absent when it is not about a value. */
  readonly got?: TomlValue;
  /** What may have been meant. */
  readonly suggestion?: string;
  /** The rule is about the key, not about its value. */
  readonly aboutKey?: boolean;
}

/** A configuration that cannot be used. `problems` are all of them, as the lines of the message. */
export class ConfigError extends KataError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], field: string) {
    super(
      "invalid-argument",
      problems.length === 1
        ? (problems[0] ?? "")
        : [`The configuration has ${problems.length} problems`, ...problems].join("\n  "),
      { stage: "load-config", field, hint: "Correct the file, or use another one with --config or KATA_CONF_FILE" },
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** The choice that was probably meant, quoted as it would be written. */
export function suggestValue(got: TomlValue, choices: readonly string[] | undefined): { suggestion?: string } {
  const meant = typeof got === "string" && choices !== undefined ? nearest(got.toLowerCase(), choices) : undefined;
  return meant === undefined ? {} : { suggestion: JSON.stringify(meant) };
}

/** `FILE:LINE:COLUMN  KEY: RULE; got VALUE (did you mean SUGGESTION?)`; no position for a key that stands nowhere. */
export function problemText(problem: Problem, documents: readonly Document[]): string {
  const { path, rule, got, suggestion } = problem;
  const parts = [`${place(problem, documents)}${path.join(".")}: ${rule}`];
  if (got !== undefined) parts.push(`; got ${valueText(got)}`);
  if (suggestion !== undefined) parts.push(` (did you mean ${suggestion}?)`);
  return parts.join("");
}

function place({ path, aboutKey }: Problem, documents: readonly Document[]): string {
  // The last file that sets a key decides.
  const document = documents.findLast(({ table }) => has(table, path));
  if (document === undefined) return documents[0] === undefined ? "" : `${documents[0].file}  `;
  const at = locateKey(document.source, path);
  if (at === undefined) return `${document.file}  `;
  return `${document.file}:${at.line}:${aboutKey === true ? at.keyColumn : at.valueColumn}  `;
}

function has(table: TomlTable, path: readonly string[]): boolean {
  let value: TomlValue | undefined = table;
  for (const key of path) value = isTable(value) ? entry(value, key) : undefined;
  return value !== undefined;
}

function valueText(value: TomlValue): string {
  if (isTable(value)) return "a table";
  if (value instanceof Date) return "a date";
  const text = JSON.stringify(typeof value === "bigint" ? String(value) : value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
