import { sha256Hex } from "../base/sha256.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";

/** Where shims listen unless containerd names another directory; its own shims have their sockets there too. */
export const socketDir = "/run/containerd/s";

/** The socket of a sandbox's shim: the same for all containers of the sandbox, and short enough for any id. */
export function shimSocketPath(containerd: {
  readonly address: string;
  readonly namespace: string;
  readonly sandboxId: string;
  /** Absolute; the usual place when it is left out. */
  readonly directory?: string;
}): string {
  return `${containerd.directory ?? socketDir}/${sha256Hex(`${containerd.address}/${containerd.namespace}/${containerd.sandboxId}`)}`;
}

/**
 * The socket that `start` wrote into a bundle, which is in the directory that containerd chose. What does not have the name
 * of the usual one is not believed; the usual one is returned then, and when nothing is written.
 */
export function writtenSocket(sys: Pick<FilesPort, "readText">, bundle: string, usual: string): string {
  const name = usual.slice(usual.lastIndexOf("/"));
  try {
    const path = sys.readText(`${bundle}/address`).replace(/^unix:\/\//, "");
    return path.startsWith("/") && path.endsWith(name) ? path : usual;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return usual;
    throw error;
  }
}
