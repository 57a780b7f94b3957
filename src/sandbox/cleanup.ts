import { KataError } from "../base/error.ts";
import { sandboxPaths } from "../resource/paths.ts";
import { type UndoDeps, type UndoOperation, undo } from "../resource/undo.ts";
import { UndoStack } from "../resource/undo-stack.ts";
import { removeDeadSocket } from "../sys/dead-socket.ts";
import { isErrno } from "../sys/error.ts";
import { processStartTicks } from "../sys/proc.ts";
import { signals } from "../sys/signals.ts";
import { keepLogs } from "./keep-logs.ts";
import { processesNaming } from "./naming-processes.ts";
import { readRecord } from "./read-record.ts";
import { type SandboxRecord, writeRecord } from "./record.ts";
import { removeStateDir } from "./state-dir.ts";

/**
 * Takes back everything a sandbox acquired, from its record on disk, without its shim. The caller holds the lock of the
 * state directory, which is removed in the end. Returns the problems; with any of them the record stays, so that the next
 * clean-up tries again. A damaged record is replaced by what every sandbox has.
 */
export async function cleanUpSandbox(
  deps: UndoDeps,
  options: { readonly sandboxId: string; readonly runDir?: string },
): Promise<readonly Error[]> {
  const { sys, logger } = deps;
  const paths = sandboxPaths(options.sandboxId, options.runDir);
  let record: SandboxRecord | undefined;
  try {
    record = readRecord(sys, paths.stateDir);
  } catch (error) {
    const problem = KataError.from(error);
    if (problem.code !== "data-loss") throw error;
    logger.warn("the sandbox's record is damaged, cleaning up by its directories", { error: problem });
  }
  if (record !== undefined && sys.exists(record.bundle)) {
    keepLogs(deps, { vmDir: paths.vmDir, bundle: record.bundle });
  }
  const known = record;
  const stack = new UndoStack(deps, {
    initial: [...usualOperations(paths.share.root, paths.vmDir), ...(record?.undo ?? [])],
    persist: (undo) => {
      try {
        if (known !== undefined) writeRecord(sys, paths.stateDir, { ...known, state: "stopped", undo });
      } catch (error) {
        // A full disk must not keep anything on it: the old record stays, and all of it may be undone twice.
        logger.warn("cannot update the sandbox's record", { error: KataError.from(error) });
      }
    },
  });
  killAll(deps, stack.pending);
  const strays = await killStrays(deps, [paths.vmDir, paths.share.root]);
  const errors = [...strays, ...(await stack.unwind()), ...removeSocket(deps, known?.socket ?? "")];
  if (errors.length === 0) removeStateDir(sys, paths.stateDir);
  return errors;
}

/** A later shim of the same sandbox has the same socket: it stays while somebody listens there. */
function removeSocket({ sys }: UndoDeps, path: string): Error[] {
  try {
    if (path.startsWith("/")) removeDeadSocket(sys, path);
    return [];
  } catch (error) {
    return [KataError.from(error)];
  }
}

/** All processes get their signal before the first one is waited for. */
function killAll({ sys }: UndoDeps, operations: readonly UndoOperation[]): void {
  for (const operation of operations) {
    if (operation.kind !== "kill" || processStartTicks(sys, operation.pid) !== operation.startTicks) continue;
    try {
      sys.kill(operation.pid, signals.SIGKILL);
    } catch (error) {
      if (!isErrno(error, "ESRCH")) throw error;
    }
  }
}

/** What was started a moment before the shim died may not be on the list yet; a daemon's worker never is. */
async function killStrays(deps: UndoDeps, directories: readonly string[]): Promise<Error[]> {
  const errors: Error[] = [];
  for (const { isHelper, pid, startTicks } of processesNaming(deps.sys, directories)) {
    if (!isHelper) continue;
    try {
      await undo(deps, { kind: "kill", pid, startTicks, what: "stray" });
    } catch (error) {
      errors.push(KataError.from(error));
    }
  }
  return errors;
}

/** What is there in any case; undoing it twice does no harm. */
function usualOperations(shareRoot: string, vmDir: string): UndoOperation[] {
  return [
    { kind: "remove-tree", path: vmDir },
    { kind: "remove-tree", path: shareRoot },
  ];
}
