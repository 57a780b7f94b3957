import { utf8Decode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import { parseSpec } from "./parse-spec.ts";
import type { Spec } from "./spec.ts";

/** A container's directory: its config.json and, by default, its root file system. */
export interface Bundle {
  readonly path: string;
  readonly spec: Spec;
  /** Absolute path of the root file system according to config.json; undefined when it names none. */
  readonly rootPath: string | undefined;
  readonly warnings: readonly string[];
}

/** Larger than any real config.json; bounds what a broken one costs. */
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/**
 * Reads and checks a bundle. `path` must be absolute, without `..`. Throws KataError: `not-found` when there is no
 * bundle or no config.json, `resource-exhausted` for one over 16 MiB, `invalid-argument` with the field for the rest.
 */
export function loadBundle(sys: FilesPort, path: string): Bundle {
  if (!path.startsWith("/") || /\0|\/\.\.(?:\/|$)/.test(path)) {
    throw new KataError(
      "invalid-argument",
      `The bundle must be an absolute path without .., got ${JSON.stringify(path)}`,
      {
        field: "bundle",
      },
    );
  }
  const { value: spec, warnings } = parseSpec(readConfig(sys, path));
  const root = spec.root?.path;
  const rootPath = root === undefined || root === "" ? undefined : root.startsWith("/") ? root : `${path}/${root}`;
  return { path, spec, rootPath, warnings };
}

function readConfig(sys: FilesPort, bundle: string): string {
  const file = `${bundle}/config.json`;
  try {
    return utf8Decode(sys.readFile(file, MAX_CONFIG_BYTES));
  } catch (error) {
    if (isErrno(error, "ENOENT")) {
      const missing = sys.exists(bundle) ? file : bundle;
      throw new KataError("not-found", `There is no ${missing}`, { field: "bundle", cause: error });
    }
    if (isErrno(error, "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG")) {
      throw new KataError("invalid-argument", `${bundle} is not a bundle`, { field: "bundle", cause: error });
    }
    throw KataError.wrap(error, `Cannot read ${file}`, { field: "bundle" });
  }
}
