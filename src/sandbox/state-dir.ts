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
  for (;;) {
    const leftover = !make(sys, path);
    try {
      const held = lockStateDir(sys, path);
      if (held !== undefined) return { ...held, leftover };
    } catch (error) {
      // Whoever cleaned up after an earlier sandbox was quicker.
      if (leftover && isErrno(error, "ENOENT")) continue;
      throw error;
    }
    const name = path.slice(path.lastIndexOf("/") + 1);
    throw new KataError("already-exists", `Sandbox ${name} is running already`, { field: "id" });
  }
}

/** Locks an existing state directory; undefined when another process holds it. Throws SysError ENOENT when there is none. */
export function lockStateDir(sys: FilesPort, path: string): StateDir | undefined {
  for (;;) {
    const fd = sys.open(path, { directory: true, noFollow: true });
    let usable = false;
    try {
      if (!sys.lock(fd, "exclusive")) return undefined;
      usable = isStillAt(sys, path, fd);
      if (usable) return { path, leftover: true, release: () => sys.close(fd) };
    } finally {
      if (!usable) sys.close(fd);
    }
  }
}

/** Removes the record and its directory. */
export function removeStateDir(sys: Pick<FilesPort, "removeTree">, path: string): void {
  try {
    sys.removeTree(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

/** Its last owner may have removed it before the lock was ours, and a new one may be in its place. */
function isStillAt(sys: FilesPort, path: string, fd: number): boolean {
  const [opened, now] = [sys.fstat(fd), sys.lstat(path)];
  return (
    opened.inode === now.inode && opened.device.major === now.device.major && opened.device.minor === now.device.minor
  );
}

function make(sys: FilesPort, path: string): boolean {
  try {
    sys.mkdir(path, 0o700);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
}
