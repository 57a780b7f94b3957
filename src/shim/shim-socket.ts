import { sha256Hex } from "../base/sha256.ts";

/** Where shims listen; containerd's own shims have their sockets there too. */
export const socketDir = "/run/containerd/s";

/** The socket of a sandbox's shim: the same for all containers of the sandbox, and short enough for any id. */
export function shimSocketPath(containerd: {
  readonly address: string;
  readonly namespace: string;
  readonly sandboxId: string;
}): string {
  return `${socketDir}/${sha256Hex(`${containerd.address}/${containerd.namespace}/${containerd.sandboxId}`)}`;
}
