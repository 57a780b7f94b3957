import { suggestion } from "./finding.ts";
import { accept } from "./schema/accept.ts";
import type { Key } from "./schema/key.ts";
import { printTomlValue } from "./toml/print.ts";
import { TomlFloat, TomlTable, type TomlValue } from "./toml/value.ts";

const flags: ReadonlyMap<TomlValue, boolean> = new Map<TomlValue, boolean>([
  ["true", true],
  ["yes", true],
  ["on", true],
  [1, true],
  ["false", false],
  ["no", false],
  ["off", false],
  [0, false],
]);

/**
 * What was probably meant by a value that its key refuses, as it would be written: quotes too many or too few, a list without
 * brackets, a choice that is misspelt. Undefined when there is no good guess.
 */
export function meantValue(key: Key, got: TomlValue): string | undefined {
  const { shape } = key;
  if (shape.kind === "choice" && typeof got === "string") {
    const words = [...shape.choices, ...Object.keys(shape.synonyms)].filter((word) => word !== "");
    const meant = suggestion(got.slice(0, 64), words).suggestion;
    if (meant !== undefined) return printTomlValue(meant);
  }
  const guess = otherForms(got).find((form) => accept(key, form) !== undefined);
  return guess === undefined ? undefined : printTomlValue(guess);
}

function otherForms(got: TomlValue): TomlValue[] {
  const forms: TomlValue[] = [];
  const flag = flags.get(typeof got === "string" ? got.toLowerCase() : got);
  if (flag !== undefined) forms.push(flag);
  if (got instanceof TomlFloat) forms.push(Number.isSafeInteger(got.value) ? got.value : String(got.value));
  if (typeof got === "string" && /^-?\d{1,15}(\.\d{1,15})?$/.test(got)) {
    forms.push(got.includes(".") ? new TomlFloat(Number(got)) : Number(got));
  }
  if (typeof got === "number" || typeof got === "boolean") forms.push(String(got));
  if (Array.isArray(got) && got.length === 1) forms.push(got[0] as TomlValue);
  if (!Array.isArray(got) && !(got instanceof TomlTable)) forms.push([got]);
  return forms;
}
