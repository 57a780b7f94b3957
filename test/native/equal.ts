/** Structural equality: own enumerable properties, typed arrays, maps, sets, dates, errors by name and message. */
export function equal(a: unknown, b: unknown, partial = false): boolean {
  if (Object.is(a, b)) return true;
  if (b instanceof Matcher) return b.matches(a);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (b instanceof Date) return a instanceof Date && a.getTime() === b.getTime();
  if (b instanceof RegExp) return a instanceof RegExp && String(a) === String(b);
  if (b instanceof Error && !partial) return a instanceof Error && a.name === b.name && a.message === b.message;
  if (b instanceof Map) {
    return a instanceof Map && a.size === b.size && [...b].every(([k, v]) => a.has(k) && equal(a.get(k), v, partial));
  }
  if (b instanceof Set) return a instanceof Set && a.size === b.size && [...b].every((item) => a.has(item));
  if (ArrayBuffer.isView(b)) return ArrayBuffer.isView(a) && sameBytes(a, b);
  if (Array.isArray(b)) {
    return Array.isArray(a) && a.length === b.length && b.every((item, i) => equal(a[i], item, partial));
  }
  if (Array.isArray(a)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const wanted = Object.keys(right).filter((key) => partial || right[key] !== undefined);
  if (!partial && Object.keys(left).filter((key) => left[key] !== undefined).length !== wanted.length) return false;
  return wanted.every((key) => equal(left[key], right[key], partial));
}

/** A value that stands for others in expectations. */
export class Matcher {
  readonly matches: (value: unknown) => boolean;
  readonly text: string;

  constructor(text: string, matches: (value: unknown) => boolean) {
    this.text = text;
    this.matches = matches;
  }
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.byteLength !== b.byteLength) return false;
  const left = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const right = new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
  return left.every((byte, i) => byte === right[i]);
}

/** A value as short text for failure messages. */
export function show(value: unknown): string {
  const text = render(value, 0);
  return text.length > 600 ? `${text.slice(0, 600)}...` : text;
}

function render(value: unknown, depth: number): string {
  if (value instanceof Matcher) return value.text;
  if (value instanceof Error) return `${value.name}(${value.message})`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > 4) return "...";
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, Math.min(value.byteLength, 64));
    return `${value.constructor.name}(${value.byteLength})[${bytes.join(",")}]`;
  }
  if (value instanceof Map) return `Map${render([...value], depth + 1)}`;
  if (value instanceof Set) return `Set${render([...value], depth + 1)}`;
  if (Array.isArray(value)) return `[${value.map((item) => render(item, depth + 1)).join(", ")}]`;
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${render(item, depth + 1)}`);
  return `{ ${entries.join(", ")} }`;
}
