import { acceptValue, isPlainText } from "./schema/accept.ts";
import type { Key } from "./schema/key.ts";
import type { TomlValue } from "./toml/value.ts";

/** No path of Linux is longer (PATH_MAX). */
const maxPathLength = 4096;

/** The rule that a refused value breaks; of a value that looks right at first sight, it says what is wrong. */
export function preciseRule({ shape, rule }: Key, got: TomlValue): string {
  if ((shape.kind === "list" || shape.kind === "tables") && Array.isArray(got)) {
    if (got.length > shape.maxItems) return `${rule}, at most ${shape.maxItems}, not ${got.length}`;
    const { of } = shape.kind === "list" ? shape : { of: undefined };
    const wrong = of === undefined ? -1 : got.findIndex((item: TomlValue) => acceptValue(of, item) === undefined);
    return wrong < 0 || got.length < 2 ? rule : `${rule}; item ${wrong + 1} is wrong`;
  }
  if (typeof got !== "string" || rule.includes("characters")) return rule;
  if (shape.kind !== "text" && shape.kind !== "path") return rule;
  const most = shape.kind === "text" ? shape.maxLength : maxPathLength;
  if (got.length > most) return `${rule}; it must have at most ${most} characters, not ${got.length}`;
  return isPlainText(got, most) ? rule : `${rule}; it must have no control characters`;
}
