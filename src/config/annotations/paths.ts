import { globMatches, parseGlob } from "./glob.ts";

/**
 * The rule that a path from a pod breaks, or undefined when it may be used: it is absolute, has one spelling only, and one
 * of the operator's patterns matches it. Nothing is asked of the file system: a path is judged before it is touched.
 */
export function brokenPathRule(path: string, allowed: readonly string[], listKey: string): string | undefined {
  if (!path.startsWith("/")) return "must be an absolute path";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
  if (/[\x00-\x1f\x7f]/.test(path)) return "must be a path without control characters";
  if (path.length > 4096) return "must be a path of at most 4096 characters";
  const parts = path.slice(1).split("/");
  if (parts.includes("..") || parts.includes(".")) return "must be a path without . and ..";
  if (parts.includes("")) return "must be a path without empty parts";
  if (allowed.some((pattern) => matches(pattern, path))) return undefined;
  return `is not allowed here: no pattern of ${listKey} matches it; the operator can add one`;
}

function matches(pattern: string, path: string): boolean {
  const glob = parseGlob(pattern);
  return glob !== undefined && globMatches(glob, path);
}
