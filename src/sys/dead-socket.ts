import { isErrno } from "./error.ts";
import type { FilesPort } from "./port/files.ts";
import type { SocketsPort } from "./port/sockets.ts";

/** Whether somebody listens at a unix socket's path: asking takes no time and disturbs nobody. */
export function socketListens(sys: Pick<SocketsPort, "connect"> & Pick<FilesPort, "close">, path: string): boolean {
  try {
    sys.close(sys.connect({ kind: "unix", path }));
    return true;
  } catch (error) {
    // A full backlog is somebody's, too.
    if (isErrno(error, "EAGAIN")) return true;
    if (isErrno(error, "ECONNREFUSED", "ENOENT", "ENOTDIR", "ENOTSOCK")) return false;
    throw error;
  }
}

/** What looking after sockets needs. */
type SocketFilesSys = Pick<SocketsPort, "connect" | "listen"> &
  Pick<FilesPort, "close" | "lock" | "lstat" | "mkdirAll" | "open" | "unlink">;

/** Removes a unix socket's file, and no other, unless somebody listens there. Returns whether it is gone. Throws SysError. */
export function removeDeadSocket(sys: SocketFilesSys, path: string): boolean {
  try {
    return alone(sys, path, () => !socketListens(sys, path) && unlinkSocket(sys, path));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return true;
    throw error;
  }
}

/**
 * Listens at a unix socket's path, also where a dead program left its socket; the directory is made if it is missing, with
 * `directoryMode`. Undefined when somebody listens there already. Throws SysError, `EADDRINUSE` for another kind of file.
 */
export function listenUnlessLive(
  sys: SocketFilesSys,
  path: string,
  { mode, directoryMode }: { readonly mode: number; readonly directoryMode: number },
): number | undefined {
  sys.mkdirAll(directoryOf(path), directoryMode);
  return alone(sys, path, () => {
    if (socketListens(sys, path)) return undefined;
    unlinkSocket(sys, path);
    return sys.listen({ kind: "unix", path }, { mode });
  });
}

function unlinkSocket(sys: SocketFilesSys, path: string): boolean {
  try {
    if (sys.lstat(path).kind !== "socket") return false;
    sys.unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
  }
  return true;
}

/**
 * Holds the lock of the socket's directory meanwhile: between a look at a dead socket and its removal somebody else could put
 * a live one there, and one that was just bound listens a moment later only. All who hold it are done at once.
 */
function alone<T>(sys: SocketFilesSys, path: string, action: () => T): T {
  const fd = sys.open(directoryOf(path), { directory: true });
  try {
    sys.lock(fd, "exclusive", true);
    return action();
  } finally {
    sys.close(fd);
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
