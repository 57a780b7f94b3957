import type { Clock } from "../base/clock.ts";
import { sleep } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { isErrno } from "../sys/error.ts";
import { processStartTicks } from "../sys/proc.ts";
import { signals } from "../sys/signals.ts";
import type { Sys } from "../sys/sys.ts";
import type { JoinedLink } from "./network/unjoin.ts";

/**
 * One thing to take back, as data: it is kept on disk, so that another process can replay it after a crash. Every
 * operation succeeds when there is nothing left to undo.
 */
export type UndoOperation =
  /** SIGKILL, unless the pid belongs to another process by now (its start time differs), and wait until it is gone. */
  | { readonly kind: "kill"; readonly pid: number; readonly startTicks: string; readonly what: string }
  | { readonly kind: "unmount"; readonly path: string }
  | { readonly kind: "remove-file"; readonly path: string }
  /** An empty directory. */
  | { readonly kind: "remove-directory"; readonly path: string }
  | { readonly kind: "remove-tree"; readonly path: string }
  | { readonly kind: "remove-cgroup"; readonly path: string }
  /** A pod's interface goes without the VM's tap again. */
  | ({ readonly kind: "unjoin-link" } & JoinedLink);

/** What undoing needs. */
export interface UndoDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly logger: Logger;
}

const KILL_TIMEOUT_MS = 2000;
const POLL_MS = 5;

/** Undoes one operation. Throws SysError, or Error when a killed process does not go away in 2 s. */
export async function undo(deps: UndoDeps, operation: UndoOperation): Promise<void> {
  const { sys } = deps;
  switch (operation.kind) {
    case "kill":
      return killAndWait(deps, operation.pid, operation.startTicks);
    case "unmount":
      return ignoring(["EINVAL", "ENOENT"], () => sys.unmount(operation.path, { detach: true }));
    case "remove-file":
      return ignoring(["ENOENT", "ENOTDIR"], () => sys.unlink(operation.path));
    case "remove-directory":
      return ignoring(["ENOENT", "ENOTDIR"], () => sys.rmdir(operation.path));
    case "remove-tree":
      return sys.removeTree(operation.path);
    case "remove-cgroup":
      return removeCgroup(deps, operation.path);
    case "unjoin-link": {
      // A sandbox without a network does without the code too.
      const { unjoinLink } = await import("./network/unjoin.ts");
      return unjoinLink(sys, operation);
    }
    default:
      return operation satisfies never;
  }
}

async function killAndWait({ sys, clock }: UndoDeps, pid: number, startTicks: string): Promise<void> {
  const alive = () => processStartTicks(sys, pid) === startTicks;
  if (!alive()) return;
  ignoring(["ESRCH"], () => sys.kill(pid, signals.SIGKILL));
  const giveUpAt = clock.nowMs() + KILL_TIMEOUT_MS;
  while (alive()) {
    if (clock.nowMs() > giveUpAt) throw new Error(`Process ${pid} is still there ${KILL_TIMEOUT_MS} ms after SIGKILL`);
    await sleep(clock, POLL_MS);
  }
}

/** A cgroup can be removed when its last process is gone. What is still in there, such as a child of a program that was killed, is killed too. */
async function removeCgroup({ sys, clock }: UndoDeps, path: string): Promise<void> {
  const giveUpAt = clock.nowMs() + KILL_TIMEOUT_MS;
  for (;;) {
    try {
      return sys.rmdir(path);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return;
      if (!isErrno(error, "EBUSY") || clock.nowMs() > giveUpAt) throw error;
    }
    for (const pid of sys.readText(`${path}/cgroup.procs`).split("\n")) {
      if (pid !== "") ignoring(["ESRCH"], () => sys.kill(Number(pid), signals.SIGKILL));
    }
    await sleep(clock, POLL_MS);
  }
}

function ignoring(codes: readonly string[], action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isErrno(error, ...codes)) throw error;
  }
}
