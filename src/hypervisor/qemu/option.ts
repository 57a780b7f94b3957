import { KataError } from "../../base/error.ts";

/** Values of an option; booleans are written as `on` and `off`, undefined ones are left out. */
export type OptionFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * A QEMU option string: `head,key=value,...`. Commas in values are doubled, as QEMU's parser wants it
 * (docs/system/qemu-manpage, "Device URL Syntax"; util/keyval.c, util/qemu-option.c).
 */
export function option(head: string, fields: OptionFields = {}): string {
  const parts = head === "" ? [] : [escapeCommas(head)];
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const text = typeof value === "boolean" ? (value ? "on" : "off") : String(value);
    parts.push(`${key}=${escapeCommas(text)}`);
  }
  return parts.join(",");
}

function escapeCommas(text: string): string {
  return text.replaceAll(",", ",,");
}

/** An identifier that QEMU accepts everywhere: a letter, then letters, digits, `-`, `.`, `_`; at most 31 characters. */
export function qemuId(id: string): string {
  if (/^[A-Za-z][\w.-]{0,30}$/.test(id)) return id;
  throw new KataError(
    "invalid-argument",
    `${JSON.stringify(id)} is no device id: a letter, then at most 30 letters, digits, dots, dashes or underscores`,
    { field: "id" },
  );
}
