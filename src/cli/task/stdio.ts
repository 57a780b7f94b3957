import { isErrno } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";

/** One of our own standard descriptors, ready for pumping. */
export interface OpenedStdio {
  /** Non-blocking, or a regular file. */
  readonly fd: number;
  /** Gives it back as it was. */
  release(): void;
}

/**
 * Opens standard input, output or error once more without blocking. The flag belongs to the open file, which the shell
 * and its other programs share: so pipes and terminals are opened anew, and only what cannot be (sockets, a terminal of
 * another namespace) is switched over and back.
 */
export function openStdio(sys: Sys, fd: 0 | 1 | 2): OpenedStdio {
  const { kind } = sys.fstat(fd);
  if (kind === "file") return { fd, release: () => {} };
  if (kind !== "socket") {
    try {
      const opened = sys.open(`/proc/self/fd/${fd}`, { write: fd !== 0, nonBlocking: true });
      return { fd: opened, release: () => sys.close(opened) };
    } catch (error) {
      if (!isErrno(error, "EACCES", "EPERM", "ENXIO", "ENOENT", "EIO", "ENODEV")) throw error;
    }
  }
  sys.setNonBlocking(fd, true);
  return { fd, release: () => sys.setNonBlocking(fd, false) };
}
