import { KataError } from "../base/error.ts";
import { validateId } from "../base/ids.ts";
import { listenUnlessLive, socketListens } from "../sys/dead-socket.ts";
import { isErrno } from "../sys/error.ts";
import { signals } from "../sys/signals.ts";
import type { Sys } from "../sys/sys.ts";
import type { ShimArgs } from "./args.ts";
import { readContainerKind } from "./bundle-kind.ts";
import { shimSocketPath } from "./shim-socket.ts";
import type { StartInput } from "./start-input.ts";

const PROGRAM = "containerd-shim-kata-v2";

/** What `start` is given beside the command line. */
export interface StartOptions {
  readonly input: StartInput;
  /** Told of what does not go as asked and is no reason to fail. Never printed: all output is the answer. */
  readonly warn: (message: string, error: Error) => void;
}

/**
 * Starts the shim of a container's sandbox and returns its address, or the address of the one that there is already.
 * The socket listens when this returns, so the caller may connect at once; the shim itself follows. Its mounts are its
 * own: they vanish with it. Throws KataError.
 */
export function startShim(sys: Sys, args: ShimArgs, { input, warn }: StartOptions): string {
  const id = validateId(args.id, "id");
  if (args.namespace === "") {
    throw new KataError("invalid-argument", "The namespace must not be empty", { field: "namespace" });
  }
  const bundle = args.bundle === "" ? sys.cwd() : args.bundle;
  const kind = readContainerKind(sys, bundle);
  const sandboxId = kind.kind === "pod-container" ? validateId(kind.sandboxId, "sandbox id") : id;
  const path = shimSocketPath({
    address: args.address,
    namespace: args.namespace,
    sandboxId,
    ...(input.socketDir === undefined ? {} : { directory: input.socketDir }),
  });
  const address = `unix://${path}`;
  if (kind.kind === "pod-container") {
    if (!socketListens(sys, path)) {
      throw new KataError("not-found", `The sandbox ${sandboxId} of container ${id} has no shim`);
    }
    sys.writeFile(`${bundle}/address`, address, 0o600);
    return address;
  }
  const socket = listenUnlessLive(sys, path, { mode: 0o600, directoryMode: 0o711 });
  if (socket === undefined) {
    // As containerd's own shims have it: somebody else may have started it a moment ago, for a call that is repeated now.
    sys.writeFile(`${bundle}/address`, address, 0o600);
    return address;
  }
  let pid: number | undefined;
  try {
    scheduleApart(sys, warn);
    pid = spawnShim(sys, args, { bundle, socket, path, input });
    sys.writeFile(`${bundle}/shim.pid`, String(pid), 0o600);
    sys.writeFile(`${bundle}/address`, address, 0o600);
  } catch (error) {
    sys.unlink(path);
    // Without these files nobody would find it.
    if (pid !== undefined) sys.kill(pid, signals.SIGKILL);
    throw error;
  }
  return address;
}

/** What containerd asks for with `sched_core`: the shim, its VMM and no other program on a core at a time. */
function scheduleApart(sys: Sys, warn: StartOptions["warn"]): void {
  if ((sys.env("SCHED_CORE") ?? "") === "") return;
  try {
    sys.scheduleApart();
  } catch (error) {
    if (!isErrno(error, "EINVAL", "ENODEV", "EPERM")) throw error;
    warn("core scheduling is not possible here", KataError.from(error));
  }
}

interface ServingShim {
  readonly bundle: string;
  readonly socket: number;
  readonly path: string;
  readonly input: StartInput;
}

function spawnShim(sys: Sys, args: ShimArgs, { bundle, socket, path, input }: ServingShim): number {
  const flags: Readonly<Record<string, string>> = {
    namespace: args.namespace,
    id: args.id,
    address: args.address,
    "publish-binary": args.publishBinary,
    bundle,
    ...(input.socketDir === undefined ? {} : { socket: path }),
    ...(input.configPath === "" ? {} : { config: input.configPath }),
  };
  return sys.spawn({
    path: programPath(sys),
    argv: [
      PROGRAM,
      ...Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]),
      ...(args.debug || input.debug ? ["-debug"] : []),
    ],
    env: shimEnvironment(sys, input),
    cwd: "/",
    fds: [-1, -1, -1, socket],
    newSession: true,
    newMountNamespace: true,
  });
}

/** Older containerd names its socket for events in the environment only, the newest may do without. */
function shimEnvironment(sys: Sys, { eventsAddress }: StartInput): string[] {
  const environment = sys.environment().filter((entry) => entry !== "TTRPC_ADDRESS=");
  const told = environment.some((entry) => entry.startsWith("TTRPC_ADDRESS="));
  return told || eventsAddress === "" ? environment : [...environment, `TTRPC_ADDRESS=${eventsAddress}`];
}

/** The running program by the name under which it is a shim, so that process lists show what it is. */
function programPath(sys: Sys): string {
  const running = sys.readLink("/proc/self/exe");
  const named = `${running.slice(0, running.lastIndexOf("/"))}/${PROGRAM}`;
  return sys.exists(named) ? named : "/proc/self/exe";
}
