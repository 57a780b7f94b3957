import { KataError } from "../../base/error.ts";

/** Where one of a process's streams leads, as container managers name it. */
export type StdioTarget =
  | { readonly kind: "none" }
  | { readonly kind: "fifo"; readonly path: string }
  | { readonly kind: "file"; readonly path: string }
  /** A program that takes both outputs (containerd's `binary://`). */
  | { readonly kind: "binary"; readonly path: string; readonly args: readonly string[] };

const streamingHint = 'Leave  io_type = "streaming"  out of the runtime in containerd\'s configuration';

/** Reads a path or a URI of scheme fifo, file or binary. `field` is for the error. Throws KataError `invalid-argument`. */
export function parseStdioUri(text: string, field: string): StdioTarget {
  if (text === "") return { kind: "none" };
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\/[^?\0]*)(?:\?([^\0]*))?$/s.exec(text);
  const [, scheme = "fifo", path = "", query = ""] = match ?? [];
  if (match !== null) {
    // A plain path may have a question mark in its name.
    if (match[1] === undefined) return { kind: "fifo", path: text };
    if (scheme === "fifo" || scheme === "file") return { kind: scheme, path: decode(path, field) };
    if (scheme === "binary") return { kind: "binary", path: decode(path, field), args: queryArguments(query, field) };
  }
  throw new KataError(
    "invalid-argument",
    `${field} must be an absolute path or a fifo://, file:// or binary:// URI, got ${JSON.stringify(text.slice(0, 200))}`,
    { field, ...(/[?&]streaming_id=/.test(text) ? { hint: streamingHint } : {}) },
  );
}

/** Keys and their first values, one after the other, in the order of the URI. */
function queryArguments(query: string, field: string): string[] {
  const args: string[] = [];
  const seen = new Set<string>();
  for (const pair of query.split("&").filter((part) => part !== "")) {
    const [key = "", value] = pair.split("=", 2).map((part) => decode(part.replaceAll("+", " "), field));
    if (seen.has(key)) continue;
    seen.add(key);
    args.push(key, ...(value === undefined ? [] : [value]));
  }
  return args;
}

function decode(text: string, field: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch (error) {
    throw new KataError("invalid-argument", `${field} has a malformed escape`, { field, cause: error });
  }
  if (decoded.includes("\0")) throw new KataError("invalid-argument", `${field} must not contain NUL bytes`, { field });
  return decoded;
}
