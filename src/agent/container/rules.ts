import { KataError } from "../../base/error.ts";

/** Everything that the host shares or asks to be mounted lies below this directory. */
export const KATA_DIR = "/run/kata-containers";

/** An `invalid-argument` error about one field of a request. */
export function invalid(field: string, message: string): KataError {
  return new KataError("invalid-argument", message, { field });
}

/** Whether `path` is absolute and normal: no `//`, no `.` or `..` components, no trailing slash, no NUL. */
export function isNormalPath(path: string): boolean {
  if (path === "/") return true;
  if (!path.startsWith("/") || path.endsWith("/") || path.length > 4096) return false;
  if (path.includes("//") || path.includes("\0")) return false;
  return !path.includes("/.") || !/\/\.{1,2}(?:\/|$)/.test(path);
}

/** `path` without doubled, trailing and `.` parts; `..` stays, for `isNormalPath` to refuse. */
export function tidyPath(path: string): string {
  if (isNormalPath(path)) return path;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}

/** Whether `path` is `dir` or below it, by name. Both are normal. */
export function isWithin(path: string, dir: string): boolean {
  return path === dir || path.startsWith(dir === "/" ? "/" : `${dir}/`);
}

/** Checks that `path` is a normal path below /run/kata-containers and returns it tidied. */
export function requireKataPath(path: string, field: string): string {
  const tidy = tidyPath(path);
  if (!isNormalPath(tidy) || !isWithin(tidy, KATA_DIR) || tidy === KATA_DIR) {
    throw invalid(field, `${field} must be a path below ${KATA_DIR} without .., got ${JSON.stringify(path)}`);
  }
  return tidy;
}
