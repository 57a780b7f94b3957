const columns = 120;

/** JSON in which whatever fits on a line stands on one: shorter than one value a line, and still fit for a diff. */
export function compactJson(value: unknown, indent = ""): string {
  const line = oneLine(value);
  if (line.length + indent.length <= columns || typeof value !== "object" || value === null) return line;
  const inner = `${indent} `;
  const items = Array.isArray(value)
    ? value.map((item) => compactJson(item, inner))
    : entriesOf(value).map(([name, item]) => `${JSON.stringify(name)}: ${compactJson(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  const items = entriesOf(value).map(([name, item]) => `${JSON.stringify(name)}: ${oneLine(item)}`);
  return items.length === 0 ? "{}" : `{ ${items.join(", ")} }`;
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}
