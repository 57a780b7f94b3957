import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { Mount } from "./spec.ts";

/** Larger than any resolver configuration that is read in full (resolv.conf(5)). */
const MAX_RESOLV_CONF_BYTES = 64 * 1024;

/** The lines of the resolv.conf that a specification mounts; none when it mounts none. Throws SysError. */
export function resolverLines(sys: Pick<FilesPort, "readText">, mounts: readonly Mount[]): string[] {
  const mount = mounts.find(({ destination }) => destination === "/etc/resolv.conf");
  if (mount === undefined) return [];
  try {
    return sys.readText(mount.source, MAX_RESOLV_CONF_BYTES).split("\n");
  } catch (error) {
    // The mount itself reports a missing file better.
    if (isErrno(error, "ENOENT", "EISDIR")) return [];
    throw error;
  }
}
