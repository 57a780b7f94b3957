import type { ByteStream } from "../base/byte-stream.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import { validateId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { sandboxPaths } from "../resource/paths.ts";
import { cleanUpSandbox } from "../sandbox/cleanup.ts";
import { lockStateDir } from "../sandbox/state-dir.ts";
import { removeDeadSocket } from "../sys/dead-socket.ts";
import { isErrno } from "../sys/error.ts";
import type { Sys } from "../sys/sys.ts";
import { DeleteResponse } from "../wire/gen/containerd/task/v2/shim.ts";
import type { ShimArgs } from "./args.ts";
import { readContainerKind } from "./bundle-kind.ts";
import { deleteWorkload } from "./delete-workload.ts";
import { endShim, findShim } from "./end-shim.ts";
import { shimSocketPath, writtenSocket } from "./shim-socket.ts";
import { toTimestamp } from "./timestamp.ts";

/** A container that is deleted by force counts as killed: 128 + SIGKILL. */
const KILLED = 137;
/** How long somebody else who cleans up the same sandbox may take. */
const LOCK_WAIT_MS = 1500;

export interface DeleteDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Connects to a unix socket. */
  readonly connect: (path: string) => Promise<ByteStream>;
}

/**
 * Removes everything that a container has, whatever its shim, VMM and guest do, within 2 s. For a sandbox's own container
 * that is the sandbox, from what is on disk; its shim is ended if it still runs. For a pod's workload container it is that
 * container, which the shim is asked to kill and delete. Returns the message for standard output. Throws KataError when
 * something could not be removed.
 */
export async function deleteContainer(deps: DeleteDeps, args: ShimArgs): Promise<Uint8Array> {
  const { sys, clock } = deps;
  const id = validateId(args.id, "id");
  const bundle = args.bundle === "" ? sys.cwd() : args.bundle;
  const sandboxId = workloadOf(deps, bundle);
  const { address, namespace } = args;
  const usual = shimSocketPath({ address, namespace, sandboxId: sandboxId ?? id });
  const socket = writtenSocket(sys, bundle, usual);
  let end: Pick<DeleteResponse, "exitStatus" | "exitedAt"> | undefined;
  if (sandboxId === undefined) await deleteSandbox(deps, { id, bundle, socket });
  else end = await deleteWorkload(deps, { id, socket });
  const killed = { exitStatus: KILLED, exitedAt: toTimestamp(clock.wallMs()) };
  return DeleteResponse.encode({ pid: 0, ...(end ?? killed) }).finish();
}

/** The sandbox that a pod's workload container is in. A bundle that cannot be read is treated as a sandbox's: cleaning up nothing does no harm. */
function workloadOf({ sys, logger }: DeleteDeps, bundle: string): string | undefined {
  try {
    const kind = readContainerKind(sys, bundle);
    return kind.kind === "pod-container" ? validateId(kind.sandboxId, "sandbox id") : undefined;
  } catch (error) {
    logger.warn("cannot read the bundle", { bundle, error: KataError.from(error) });
    return undefined;
  }
}

async function deleteSandbox(
  deps: DeleteDeps,
  { id, bundle, socket }: { readonly id: string; readonly bundle: string; readonly socket: string },
): Promise<void> {
  const { sys, logger } = deps;
  const shim = findShim(sys, { id, bundle });
  if (shim?.startedLater === true) {
    // The sandbox that was to be deleted is gone, and this is another one by the same name.
    logger.info("the shim was started after this request", { pid: shim.pid });
    return;
  }
  if (shim !== undefined) await endShim(deps, shim);
  await cleanUp(deps, id);
  removeDeadSocket(sys, socket);
}

async function cleanUp(deps: DeleteDeps, sandboxId: string): Promise<void> {
  const { stateDir } = sandboxPaths(sandboxId);
  const giveUpAt = deps.clock.nowMs() + LOCK_WAIT_MS;
  for (;;) {
    try {
      const held = lockStateDir(deps.sys, stateDir);
      if (held !== undefined) {
        const problems = await cleanUpSandbox(deps, { sandboxId }).finally(() => held.release());
        if (problems[0] !== undefined) throw KataError.wrap(problems[0], `Cannot remove all of sandbox ${sandboxId}`);
        return;
      }
    } catch (error) {
      // Nothing is left, as after every orderly end.
      if (isErrno(error, "ENOENT")) return;
      throw error;
    }
    if (deps.clock.nowMs() > giveUpAt) {
      throw new KataError(
        "unavailable",
        `Sandbox ${sandboxId} cannot be cleaned up: another process holds ${stateDir}`,
      );
    }
    await sleep(deps.clock, 5);
  }
}
