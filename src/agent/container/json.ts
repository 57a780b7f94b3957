/** JSON with exact 64-bit integers. Undefined members are left out. */
export type Json =
  | string
  | number
  | boolean
  | bigint
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** Serialises; unlike JSON.stringify it writes a bigint as the number it is (RLIM_INFINITY does not fit a double). */
export function writeJson(value: Json): string {
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${writeJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
