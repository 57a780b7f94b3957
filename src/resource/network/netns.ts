import { KataError } from "../../base/error.ts";
import type { Namespace } from "../../oci/spec.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { MountsPort } from "../../sys/port/mounts.ts";

/** The network namespace that a pod is to have. */
export type PodNetns =
  /** The host's own: its interfaces are not the pod's, so the VM gets none. */
  | { readonly kind: "host" }
  /** One made for the sandbox, which managers find through the VMM's pid. */
  | { readonly kind: "new" }
  | { readonly kind: "path"; readonly path: string };

/** What the namespaces of a specification say about the network (runtime-spec, "Namespaces"). Throws KataError. */
export function podNetns(namespaces: readonly Namespace[]): PodNetns {
  const network = namespaces.find(({ type }) => type === "network");
  if (network === undefined) return { kind: "host" };
  return network.path === "" ? { kind: "new" } : netnsAt(network.path, "linux.namespaces");
}

/** The network namespace at a path. Throws KataError `invalid-argument` that names the field. */
export function netnsAt(path: string, field: string): PodNetns {
  if (path.startsWith("/") && !path.split("/").includes("..") && !path.includes("\0")) return { kind: "path", path };
  throw new KataError(
    "invalid-argument",
    `A network namespace must be an absolute path without .., got ${JSON.stringify(path.slice(0, 200))}`,
    { field },
  );
}

type NetnsSys = Pick<FilesPort, "open" | "close"> & Pick<MountsPort, "enterNamespace" | "unshare">;

const current = "/proc/self/ns/net";

/**
 * Makes a network namespace and returns its descriptor: it lasts while that is open or a process is in it. Throws SysError.
 */
export function createNetns(sys: NetnsSys): number {
  return comingBack(sys, () => {
    sys.unshare(["net"]);
    return sys.open(current);
  });
}

/** Opens a network namespace by its path. Throws SysError. */
export function openNetns(sys: Pick<FilesPort, "open">, path: string): number {
  // Whatever the path leads to, opening it must not wait.
  return sys.open(path, { nonBlocking: true });
}

/**
 * Runs `action` in a network namespace. The program has one thread, so the action must not wait: whatever else ran in the
 * meantime would be in the wrong place. What it opens stays in the namespace. Throws SysError, EINVAL when the descriptor is
 * no network namespace.
 */
export function inNetns<T>(sys: NetnsSys, netns: number, action: () => T): T {
  return comingBack(sys, () => {
    sys.enterNamespace(netns, "net");
    return action();
  });
}

function comingBack<T>(sys: NetnsSys, action: () => T): T {
  const home = sys.open(current);
  try {
    try {
      return action();
    } finally {
      sys.enterNamespace(home, "net");
    }
  } finally {
    sys.close(home);
  }
}
