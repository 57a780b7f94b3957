import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";

/** The directory of a sandbox's record, held by the one process that owns the sandbox. */
export interface StateDir {
  readonly path: string;
  /** There was something before: a sandbox whose shim is dead. It has to be cleaned up first. */
  readonly leftover: boolean;
  /** Gives it up; the directory stays as it is. */
  release(): void;
}

/** Makes and locks a sandbox's state directory. Throws KataError `already-exists` when another process holds it. */
export function claimStateDir(sys: FilesPort, path: string): StateDir {
  sys.mkdirAll(path.slice(0, path.lastIndexOf("/")), 0o755);
  let leftover = false;
  try {
    sys.mkdir(path, 0o700);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    leftover = true;
  }
  const held = lockStateDir(sys, path);
  if (held === undefined) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    throw new KataError("already-exists", `Sandbox ${name} is running already`, { field: "id" });
  }
  return { ...held, leftover };
}

/** Locks an existing state directory; undefined when another process holds it. Throws SysError ENOENT when there is none. */
export function lockStateDir(sys: FilesPort, path: string): StateDir | undefined {
  const fd = sys.open(path, { directory: true, noFollow: true });
  let locked = false;
  try {
    locked = sys.lock(fd, "exclusive");
  } finally {
    if (!locked) sys.close(fd);
  }
  if (!locked) return undefined;
  return { path, leftover: true, release: () => sys.close(fd) };
}
