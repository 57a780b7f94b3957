import type { CallOptions } from "../../base/cancel.ts";
import { sleep } from "../../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { KataError } from "../../base/error.ts";
import { foreignLines } from "../../base/foreign-lines.ts";
import type { Logger, LogLevel } from "../../base/logger.ts";
import type { Loop } from "../../sys/loop.ts";
import { FdStream } from "../../sys/stream.ts";
import type { Sys } from "../../sys/sys.ts";
import { SupervisedProcess } from "../process/supervised-process.ts";
import { Monitor } from "./monitor.ts";
import type { VmPlan, VsockDaemon } from "./plan.ts";

/** What starting processes needs. */
export interface LaunchDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
}

export interface LaunchOptions extends CallOptions {
  /** At which level the lines of the guest's console are logged. */
  readonly consoleLevel: LogLevel;
}

/** A QEMU that runs. */
export interface RunningQemu {
  readonly process: SupervisedProcess;
  readonly monitor: Monitor;
}

/** Programs find nothing of the shim's environment. */
const environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"];
/** A dump of QEMU would be a dump of the guest's memory. */
const noCore = [{ resource: "core", soft: 0n, hard: 0n }] as const;
const consoleLines = 100;

/**
 * Starts QEMU: its sockets listen and its monitor is connected before it runs. Throws SysError or KataError; nothing is
 * left behind then but socket files in the VM's directory.
 */
export function launchQemu(deps: LaunchDeps, plan: VmPlan, options: LaunchOptions): RunningQemu {
  const { sys, loop, logger } = deps;
  const [path = ""] = plan.command.argv;
  const theirs: number[] = [];
  let ours: number | undefined;
  try {
    const [near, far] = sys.socketPair();
    ours = near;
    theirs.push(far);
    for (const socket of plan.listenPaths) theirs.push(sys.listen({ kind: "unix", path: socket }, { backlog: 1 }));
    const process = new SupervisedProcess(deps, {
      spawn: {
        path,
        argv: plan.command.argv,
        env: environment,
        cwd: plan.directory,
        rlimits: noCore,
        ...(plan.netns === undefined ? {} : { netns: plan.netns }),
      },
      extraFds: [...theirs, ...plan.passedFds],
      stdout: {
        lines: consoleLines,
        logPath: `${plan.directory}/console.log`,
        onLine: foreignLines({ clock: loop, logger }, { source: "console", level: () => options.consoleLevel }),
      },
      stderr: {
        logPath: `${plan.directory}/vmm.log`,
        onLine: foreignLines({ clock: loop, logger }, { source: "vmm", level: () => "warn" }),
      },
    });
    const stream = new FdStream({ sys, loop }, { fd: near });
    ours = undefined;
    return { process, monitor: new Monitor({ stream, clock: loop, logger }, options) };
  } catch (error) {
    if (ours !== undefined) sys.close(ours);
    throw error;
  } finally {
    for (const fd of theirs) sys.close(fd);
  }
}

/** Starts vhost-device-vsock and waits until its socket accepts connections. */
export async function launchVsockDaemon(
  deps: LaunchDeps,
  daemon: VsockDaemon,
  options: CallOptions,
): Promise<SupervisedProcess> {
  const { logger } = deps;
  const process = new SupervisedProcess(deps, {
    spawn: { path: daemon.path, argv: daemon.argv, env: environment, rlimits: noCore },
    stderr: {
      onLine: foreignLines({ clock: deps.loop, logger }, { source: "vhost-device-vsock", level: () => "debug" }),
    },
  });
  const ended = process.exited.then(({ status, stderrTail }) => {
    const code = status.kind === "exited" ? `exited with code ${status.code}` : `was killed by signal ${status.signal}`;
    throw new KataError("unavailable", `vhost-device-vsock ${code} before QEMU could connect`, {
      ...(stderrTail.length === 0 ? {} : { cause: new Error(`It said: ${stderrTail.join("\n")}`) }),
    });
  });
  try {
    await Promise.race([waitForSocket(deps, daemon.socketPath, options), ended]);
    return process;
  } catch (error) {
    await process.kill();
    throw error;
  } finally {
    // Whoever owns the process watches it from here on.
    ended.catch(() => {});
  }
}

/** The daemon takes one connection, QEMU's: only the file is waited for. */
async function waitForSocket({ sys, loop }: LaunchDeps, path: string, options: CallOptions): Promise<void> {
  const deadline = new Deadline(loop, options.timeoutMs ?? 5000);
  while (!sys.exists(path)) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (deadline.expired)
      throw new KataError("deadline-exceeded", `vhost-device-vsock did not make its socket ${path}`);
    await sleep(loop, 2);
  }
}
