import { withTimeout } from "../../base/deadline.ts";
import { KataError } from "../../base/error.ts";
import { foreignLines } from "../../base/foreign-lines.ts";
import type { Logger, LogLevel } from "../../base/logger.ts";
import type { HypervisorConfig } from "../../config/runtime-config.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import { followOutput, type OutputTail } from "../../sys/output-tail.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { ExitStatus } from "../../sys/port/processes.ts";
import { childrenOf } from "../../sys/proc.ts";
import { signals } from "../../sys/signals.ts";
import type { Sys } from "../../sys/sys.ts";
import { virtiofsdArguments } from "./virtiofsd-arguments.ts";

/** A running share-fs daemon. */
export interface ShareFsDaemon {
  readonly pid: number;
  /** Its vhost-user socket, which accepts connections by now. */
  readonly socketPath: string;
  /** Settles when it is gone, with its last words. */
  readonly exited: Promise<ShareFsExit>;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/** How a daemon ended. */
export interface ShareFsExit {
  readonly status: ExitStatus;
  readonly stderrTail: readonly string[];
}

export interface VirtiofsdDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
}

/** Where distributions install the daemons; the Rust one first. */
const daemonPlaces = ["/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd"] as const;
const KEPT_LINES = 20;
/** A process that is gone may have left a child that still holds the pipe. */
const LAST_WORDS_MS = 100;
const TERM_GRACE_MS = 500;

/**
 * Starts virtiofsd for `directory`. Its socket listens before the process exists, so that the VMM never has to wait for
 * it. The daemon dies with the caller, and by itself when the VMM hangs up; its socket is a file in `vmDir`, which the
 * caller removes.
 *
 * Throws KataError `not-found` with the configuration's key when the daemon is not installed, SysError otherwise.
 */
export async function startVirtiofsd(
  deps: VirtiofsdDeps,
  config: HypervisorConfig,
  options: { readonly directory: string; readonly vmDir: string },
): Promise<ShareFsDaemon> {
  const { sys, loop } = deps;
  const { logger } = deps;
  const socketPath = `${options.vmDir}/virtiofsd.sock`;
  const listening = sys.listen({ kind: "unix", path: socketPath }, { backlog: 1 });
  let output: OutputTail;
  let pid: number;
  try {
    // The daemon waits in accept(2).
    sys.setNonBlocking(listening, false);
    const [readEnd, writeEnd] = sys.pipe();
    try {
      sys.setNonBlocking(readEnd, true);
      pid = spawnDaemon(sys, config, options.directory, [-1, writeEnd, writeEnd, listening]);
    } catch (error) {
      sys.close(readEnd);
      throw error;
    } finally {
      sys.close(writeEnd);
    }
    output = followOutput(deps, readEnd, {
      keepLines: KEPT_LINES,
      onLine: foreignLines({ clock: loop, logger }, { source: "virtiofsd", level: levelOf }),
    });
  } finally {
    sys.close(listening);
  }
  logger.debug("virtiofsd started", { pid, directory: options.directory });
  const status = loop.exited(pid);
  const exited = status.then(async (how): Promise<ShareFsExit> => {
    await Promise.race([output.ended, new Promise<void>((resolve) => loop.setTimer(LAST_WORDS_MS, resolve))]);
    output.close();
    const stderrTail = output.lines();
    return { status: how, stderrTail };
  });
  return { pid, socketPath, exited, stop: () => stop(deps, pid, status) };
}

/** The daemon's executable: the configured one, else the first that is installed. */
export function virtiofsdPath(
  sys: Pick<FilesPort, "exists">,
  { virtioFsDaemonPath }: Pick<HypervisorConfig, "virtioFsDaemonPath">,
): string {
  return virtioFsDaemonPath || daemonPlaces.find((place) => sys.exists(place)) || daemonPlaces[0];
}

function spawnDaemon(sys: Sys, config: HypervisorConfig, directory: string, fds: readonly number[]): number {
  const path = virtiofsdPath(sys, config);
  const argv = virtiofsdArguments({ ...config, virtioFsDaemonPath: path }, directory);
  try {
    return sys.spawn({ path, argv, env: [], cwd: "/", fds, newSession: true, deathSignal: signals.SIGKILL });
  } catch (error) {
    if (!isErrno(error, "ENOENT", "EACCES", "ENOEXEC")) throw error;
    throw new KataError("not-found", `Cannot run the share-fs daemon ${path}`, {
      field: `hypervisor.${config.name}.virtio_fs_daemon`,
      hint: "Install virtiofsd (Debian 12: package qemu-system-common) or set virtio_fs_daemon to its path",
      cause: error,
    });
  }
}

/** Neither daemon marks all of its lines; what sounds like trouble is worth an operator's attention. */
function levelOf(line: string): LogLevel {
  return /\b(?:err(?:or)?|fatal|panic\w*|fail\w*|warn\w*)\b/i.test(line) ? "warn" : "debug";
}

async function stop({ sys, loop }: VirtiofsdDeps, pid: number, gone: Promise<unknown>): Promise<void> {
  const send = (signal: number, target = pid) => {
    try {
      sys.kill(target, signal);
    } catch (error) {
      if (!isErrno(error, "ESRCH")) throw error;
    }
  };
  let ended = false;
  void gone.then(() => {
    ended = true;
  });
  // Reaped already: the pid may belong to somebody else by now.
  await Promise.resolve();
  if (ended) return;
  send(signals.SIGTERM);
  try {
    await withTimeout(loop, TERM_GRACE_MS, "virtiofsd to end", gone);
  } catch {
    // A worker in a process of its own ends with its connection, but not if it hangs.
    for (const worker of childrenOf(sys, pid)) send(signals.SIGKILL, worker);
    send(signals.SIGKILL);
    await gone;
  }
}
