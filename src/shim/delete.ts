import { type Clock, sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import { validateId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { sandboxPaths } from "../resource/paths.ts";
import { undo } from "../resource/undo.ts";
import { cleanUpSandbox } from "../sandbox/cleanup.ts";
import { lockStateDir } from "../sandbox/state-dir.ts";
import { isErrno } from "../sys/error.ts";
import { processStartTicks } from "../sys/proc.ts";
import type { Sys } from "../sys/sys.ts";
import { DeleteResponse } from "../wire/gen/containerd/task/v2/shim.ts";
import type { ShimArgs } from "./args.ts";
import { readContainerKind } from "./bundle-kind.ts";
import { shimSocketPath } from "./shim-socket.ts";
import { toTimestamp } from "./timestamp.ts";

/** A container that is deleted by force counts as killed: 128 + SIGKILL. */
const KILLED = 137;
/** How long the lock of a killed shim may take to be free. */
const LOCK_WAIT_MS = 1000;

export interface DeleteDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Removes everything that a container's sandbox has, from what is on disk, whatever its shim, VMM and guest do: the shim
 * is killed if it still runs. A pod's workload container has nothing of its own; its sandbox's deletion covers it. Returns
 * the message for standard output. Throws KataError when something could not be removed.
 */
export async function deleteContainer(deps: DeleteDeps, args: ShimArgs): Promise<Uint8Array> {
  const { sys, clock } = deps;
  const id = validateId(args.id, "id");
  const bundle = args.bundle === "" ? sys.cwd() : args.bundle;
  if (!isWorkloadContainer(deps, bundle)) {
    await killShim(deps, bundle, id);
    await cleanUp(deps, id);
    const socket = shimSocketPath({ address: args.address, namespace: args.namespace, sandboxId: id });
    await undo(deps, { kind: "remove-file", path: socket });
  }
  return DeleteResponse.encode({ pid: 0, exitStatus: KILLED, exitedAt: toTimestamp(clock.wallMs()) }).finish();
}

/** A bundle that cannot be read is treated as a sandbox's: cleaning up nothing does no harm. */
function isWorkloadContainer({ sys, logger }: DeleteDeps, bundle: string): boolean {
  try {
    return readContainerKind(sys, bundle).kind === "pod-container";
  } catch (error) {
    logger.warn("cannot read the bundle", { bundle, error: KataError.from(error) });
    return false;
  }
}

async function killShim(deps: DeleteDeps, bundle: string, id: string): Promise<void> {
  const pid = shimPid(deps.sys, bundle, id);
  const startTicks = pid === undefined ? undefined : processStartTicks(deps.sys, pid);
  if (pid !== undefined && startTicks !== undefined) await undo(deps, { kind: "kill", pid, startTicks, what: "shim" });
}

/** The pid of the shim that serves the bundle, if it is alive: its command line says whose shim it is. */
function shimPid(sys: Sys, bundle: string, id: string): number | undefined {
  try {
    const pid = Number(sys.readText(`${bundle}/shim.pid`, 64));
    if (!Number.isInteger(pid) || pid < 2) return undefined;
    const words = sys.readText(`/proc/${pid}/cmdline`).split("\0");
    return words[0]?.endsWith("containerd-shim-kata-v2") && words[words.indexOf("-id") + 1] === id ? pid : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ESRCH")) return undefined;
    throw error;
  }
}

async function cleanUp(deps: DeleteDeps, sandboxId: string): Promise<void> {
  const { stateDir } = sandboxPaths(sandboxId);
  const giveUpAt = deps.clock.nowMs() + LOCK_WAIT_MS;
  for (;;) {
    try {
      const held = lockStateDir(deps.sys, stateDir);
      if (held !== undefined || deps.clock.nowMs() > giveUpAt) {
        const problems = await cleanUpSandbox(deps, { sandboxId });
        held?.release();
        if (problems[0] !== undefined) throw KataError.wrap(problems[0], `Cannot remove all of sandbox ${sandboxId}`);
        return;
      }
    } catch (error) {
      // Nothing is left, as after every orderly end.
      if (isErrno(error, "ENOENT")) return;
      throw error;
    }
    await sleep(deps.clock, 5);
  }
}
