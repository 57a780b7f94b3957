import { KataError } from "../base/error.ts";
import { validateId } from "../base/ids.ts";
import { removeDeadSocket } from "../sys/dead-socket.ts";
import { isErrno } from "../sys/error.ts";
import type { Sys } from "../sys/sys.ts";
import type { ShimArgs } from "./args.ts";
import { readContainerKind } from "./bundle-kind.ts";
import { shimSocketPath, socketDir } from "./shim-socket.ts";

/** The descriptor at which a serving shim finds its listening socket. */
export const LISTEN_FD = 3;
const PROGRAM = "containerd-shim-kata-v2";

/**
 * Starts the shim of a container's sandbox and returns its address, or the address of the one that the pod has already.
 * The socket listens when this returns, so the caller may connect at once; the shim itself follows. Its mounts are its
 * own: they vanish with it. Throws KataError.
 */
export function startShim(sys: Sys, args: ShimArgs): string {
  const id = validateId(args.id, "id");
  const bundle = args.bundle === "" ? sys.cwd() : args.bundle;
  const kind = readContainerKind(sys, bundle);
  const sandboxId = kind.kind === "pod-container" ? validateId(kind.sandboxId, "sandbox id") : id;
  const path = shimSocketPath({ address: args.address, namespace: args.namespace, sandboxId });
  const address = `unix://${path}`;
  if (kind.kind === "pod-container") {
    if (!sys.exists(path)) throw new KataError("not-found", `The sandbox ${sandboxId} of container ${id} has no shim`);
    sys.writeFile(`${bundle}/address`, address, 0o600);
    return address;
  }
  const socket = listen(sys, path);
  try {
    const pid = spawnShim(sys, args, bundle, socket);
    sys.writeFile(`${bundle}/shim.pid`, String(pid), 0o600);
    sys.writeFile(`${bundle}/address`, address, 0o600);
  } catch (error) {
    sys.unlink(path);
    throw error;
  }
  return address;
}

function spawnShim(sys: Sys, args: ShimArgs, bundle: string, socket: number): number {
  const flags: Readonly<Record<string, string>> = {
    namespace: args.namespace,
    id: args.id,
    address: args.address,
    "publish-binary": args.publishBinary,
    bundle,
  };
  return sys.spawn({
    path: programPath(sys),
    argv: [
      PROGRAM,
      ...Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]),
      ...(args.debug ? ["-debug"] : []),
    ],
    env: sys.environment(),
    cwd: "/",
    fds: [-1, -1, -1, socket],
    newSession: true,
    newMountNamespace: true,
  });
}

/** The running program by the name under which it is a shim, so that process lists show what it is. */
function programPath(sys: Sys): string {
  const running = sys.readLink("/proc/self/exe");
  const named = `${running.slice(0, running.lastIndexOf("/"))}/${PROGRAM}`;
  return sys.exists(named) ? named : "/proc/self/exe";
}

/** Listens, also where a dead shim left its socket. */
function listen(sys: Sys, path: string): number {
  const tryToListen = () => sys.listen({ kind: "unix", path }, { mode: 0o600 });
  try {
    return tryToListen();
  } catch (error) {
    if (isErrno(error, "ENOENT")) sys.mkdirAll(socketDir, 0o711);
    else if (!isErrno(error, "EADDRINUSE")) throw error;
    else if (!removeDeadSocket(sys, path)) {
      throw new KataError("already-exists", `A shim for this container is running at ${path}`, { field: "id" });
    }
  }
  return tryToListen();
}
