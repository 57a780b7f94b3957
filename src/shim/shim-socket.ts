import { sha256Hex } from "../base/sha256.ts";

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
