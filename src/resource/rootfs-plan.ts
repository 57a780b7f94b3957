import { type ErrorCode, KataError } from "../base/error.ts";
import { isBindMount, isReadOnly } from "../oci/mount-schema.ts";
import type { FilesPort } from "../sys/port/files.ts";

/** A mount as the task API hands it over with a container. */
export interface RootfsMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Where a container's root file system comes from. */
export type RootfsSource =
  | { readonly kind: "mounts"; readonly mounts: readonly RootfsMount[] }
  | { readonly kind: "directory"; readonly path: string };

/** One mount call's worth of a root file system: a bind of a directory, or a file system. */
export type RootfsStep =
  | { readonly kind: "bind"; readonly source: string; readonly recursive: boolean; readonly readOnly: boolean }
  | { readonly kind: "overlay"; readonly options: readonly string[] };

/**
 * The mounts to make, in order, on top of each other. The kind of a mount is what its type says, never a guess from the
 * source; the source of a bind must be a directory (an image without layers once made a host's disk a rootfs). Throws
 * KataError with the field at fault: `unimplemented` for other file systems, `invalid-argument`, `not-found`.
 */
export function planRootfs(sys: Pick<FilesPort, "stat">, source: RootfsSource): RootfsStep[] {
  if (source.kind === "directory") {
    requireDirectory(sys, source.path, "root.path");
    return [{ kind: "bind", source: source.path, recursive: true, readOnly: false }];
  }
  return source.mounts.map((mount, index): RootfsStep => {
    const field = `rootfs[${index}]`;
    if (isBindMount(mount)) {
      requireDirectory(sys, mount.source, `${field}.source`);
      return {
        kind: "bind",
        source: mount.source,
        recursive: mount.options.includes("rbind"),
        readOnly: isReadOnly(mount.options),
      };
    }
    if (mount.type === "overlay") return { kind: "overlay", options: mount.options };
    throw problem("unimplemented", field, `Root file system type ${JSON.stringify(mount.type)} is not supported`);
  });
}

function requireDirectory(sys: Pick<FilesPort, "stat">, path: string, field: string): void {
  if (!path.startsWith("/") || path.includes("\0")) {
    throw problem("invalid-argument", field, `Root file system must be an absolute path, got ${JSON.stringify(path)}`);
  }
  let kind: string;
  try {
    kind = sys.stat(path).kind;
  } catch (error) {
    throw KataError.wrap(error, `Root file system ${path} cannot be used`, { field });
  }
  if (kind !== "directory") {
    throw problem("invalid-argument", field, `Root file system ${path} must be a directory, it is a ${kind}`);
  }
}

function problem(code: ErrorCode, field: string, message: string): KataError {
  return new KataError(code, message, { field });
}
