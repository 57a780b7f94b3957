import { type Clock, sleep } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { sandboxPaths } from "../resource/paths.ts";
import { undo } from "../resource/undo.ts";
import { readRecord } from "../sandbox/read-record.ts";
import { isErrno } from "../sys/error.ts";
import { processStartTicks, readProcessStat } from "../sys/proc.ts";
import { signals } from "../sys/signals.ts";
import type { Sys } from "../sys/sys.ts";

/** How long a shim that was asked to go may take: it may be about to tell containerd of an end. */
const ORDERLY_MS = 600;
const POLL_MS = 5;

/** A shim that runs. */
export interface LiveShim {
  readonly pid: number;
  /** With the pid it identifies the process for ever. */
  readonly startTicks: string;
  /** It was started after the calling process. */
  readonly startedLater: boolean;
}

/** The shim of a sandbox if it is alive, by the pid in its bundle or in the sandbox's record. */
export function findShim(
  sys: Sys,
  { id, bundle }: { readonly id: string; readonly bundle: string },
): LiveShim | undefined {
  for (const pid of [pidOfBundle(sys, bundle), pidOfRecord(sys, id)]) {
    if (pid === undefined || !isShimOf(sys, pid, id)) continue;
    const startTicks = processStartTicks(sys, pid);
    if (startTicks === undefined) continue;
    const own = processStartTicks(sys, sys.pid()) ?? startTicks;
    return { pid, startTicks, startedLater: Number(startTicks) > Number(own) };
  }
  return undefined;
}

/** Ends a shim, in an orderly way if it can, and waits until it is gone. Throws Error when it does not go away. */
export async function endShim(
  deps: { readonly sys: Sys; readonly clock: Clock; readonly logger: Logger },
  { pid, startTicks }: LiveShim,
): Promise<void> {
  const { sys, clock } = deps;
  const isAlive = () => processStartTicks(sys, pid) === startTicks;
  // A stopped one will not hear the request.
  if (readProcessStat(sys, pid)?.state !== "T") {
    try {
      sys.kill(pid, signals.SIGTERM);
    } catch (error) {
      if (!isErrno(error, "ESRCH")) throw error;
    }
    const giveUpAt = clock.nowMs() + ORDERLY_MS;
    while (isAlive() && clock.nowMs() < giveUpAt) await sleep(clock, POLL_MS);
  }
  await undo(deps, { kind: "kill", pid, startTicks, what: "shim" });
}

function pidOfBundle(sys: Sys, bundle: string): number | undefined {
  try {
    const pid = Number(sys.readText(`${bundle}/shim.pid`, 64));
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

function pidOfRecord(sys: Sys, id: string): number | undefined {
  try {
    return readRecord(sys, sandboxPaths(id).stateDir)?.shimPid;
  } catch {
    // Whoever cleans up says what is wrong with it.
    return undefined;
  }
}

/** Its command line says whose shim a process is: the number alone may be somebody else's by now. */
function isShimOf(sys: Sys, pid: number, id: string): boolean {
  try {
    const words = sys.readText(`/proc/${pid}/cmdline`).split("\0");
    return words[0]?.endsWith("containerd-shim-kata-v2") === true && words[words.indexOf("-id") + 1] === id;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return false;
    throw error;
  }
}
