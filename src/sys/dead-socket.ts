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

/** Removes a unix socket's file, and no other, unless somebody listens there. Returns whether it is gone. Throws SysError. */
export function removeDeadSocket(
  sys: Pick<SocketsPort, "connect"> & Pick<FilesPort, "close" | "lstat" | "unlink">,
  path: string,
): boolean {
  if (socketListens(sys, path)) return false;
  try {
    if (sys.lstat(path).kind !== "socket") return false;
    sys.unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
  }
  return true;
}
