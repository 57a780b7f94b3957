import type { FilesPort } from "../sys/port/files.ts";

/** Mount points below a directory, deepest last, from /proc/self/mountinfo (proc(5)). */
export function mountsBelow(sys: Pick<FilesPort, "readText">, directory: string): string[] {
  const prefix = `${directory}/`;
  const found: string[] = [];
  for (const line of sys.readText("/proc/self/mountinfo", 8 * 1024 * 1024).split("\n")) {
    const point = unescapeField(line.split(" ", 5)[4] ?? "");
    if (point.startsWith(prefix)) found.push(point);
  }
  return found.sort((a, b) => a.length - b.length);
}

/** Blanks, tabs, newlines and backslashes are written as three octal digits. */
function unescapeField(field: string): string {
  if (!field.includes("\\")) return field;
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
