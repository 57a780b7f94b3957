import { UsageError } from "../args/usage-error.ts";

/** What `--format` asks for. */
export type OutputFormat =
  | { readonly kind: "table" }
  | { readonly kind: "json" }
  | { readonly kind: "template"; readonly text: string };

/** Reads a value of `--format`: `table`, `json`, or a template with `{{.Field}}`. */
export function parseFormat(text: string): OutputFormat {
  if (text === "table" || text === "json") return { kind: text };
  if (text.includes("{{")) return { kind: "template", text };
  throw new UsageError(`must be table, json or a template such as '{{.Name}} {{.Status}}'; got "${text}"`);
}

/**
 * Fills a template of docker's kind for one row: `{{.Name}}`, dotted paths `{{.State.ExitCode}}`, `{{json .Labels}}`,
 * `{{json .}}`; `\t` and `\n` are tab and newline. Field names match in any case. Throws UsageError for an unknown field.
 */
export function fillTemplate(template: string, row: unknown): string {
  return template
    .replaceAll("\\t", "\t")
    .replaceAll("\\n", "\n")
    .replace(/\{\{(.*?)\}\}/g, (_, expression: string) => {
      const match = /^\s*(json\s+)?\.((?:[\w-]+)(?:\.[\w-]+)*)?\s*$/.exec(expression);
      if (match === null) throw new UsageError(`Template {{${expression}}} is not {{.Field}} or {{json .Field}}`);
      const value = lookUp(row, match[2]?.split(".") ?? [], expression.trim());
      return match[1] !== undefined || (typeof value === "object" && value !== null)
        ? JSON.stringify(value)
        : String(value ?? "");
    });
}

function lookUp(row: unknown, path: readonly string[], expression: string): unknown {
  let value = row;
  for (const part of path) {
    const fields = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
    const key = Object.keys(fields).find((name) => name.toLowerCase() === part.toLowerCase());
    if (key === undefined) {
      const known = Object.keys(fields).join(", ");
      throw new UsageError(`Template field "${expression}" does not exist`, {
        ...(known === "" ? {} : { hint: `fields here: ${known}` }),
      });
    }
    value = fields[key];
  }
  return value;
}
