import type { CancelSignal } from "../../base/cancel.ts";
import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import { exitCode } from "../../sys/port/processes.ts";
import { signals } from "../../sys/signals.ts";
import type { Sys } from "../../sys/sys.ts";
import { type CrunBinary, prepareCrun } from "./crun-binary.ts";
import { crunError, lastCrunError } from "./crun-errors.ts";

const STATE_DIR = "/run/crun";
const ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

/** What a program in a container is started with. */
export interface CrunLaunch {
  readonly containerId: string;
  /** stdin, stdout and stderr for the program; ignored with a terminal. */
  readonly fds: readonly [number, number, number] | undefined;
  /** Where crun sends the terminal's master side. */
  readonly consoleSocket: string | undefined;
  /** The program's name, for errors. */
  readonly program: string;
  readonly signal?: CancelSignal;
}

/** Runs crun for what needs its knowledge; plain kernel interfaces do the rest. */
export class Crun {
  private readonly sys: Sys;
  private readonly loop: Loop;
  private readonly logger: Logger;
  private readonly dir: string;
  private binary: CrunBinary | undefined;
  private counter = 0;

  constructor(
    deps: { readonly sys: Sys; readonly loop: Loop; readonly logger: Logger },
    options: { readonly dir: string },
  ) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.logger = deps.logger;
    this.dir = options.dir;
    this.sys.mkdirAll(this.dir, 0o700);
  }

  /** Does what the first start of crun would have to do first. Optional: a moment when nobody waits is good for it. */
  prepare(): CrunBinary {
    this.binary ??= prepareCrun({ sys: this.sys, logger: this.logger }, `${this.dir}/bin`);
    return this.binary;
  }

  /** `crun create`: sets the container up from `bundle`/config.json; returns the pid of its waiting first process. */
  create(launch: CrunLaunch, bundle: string): Promise<number> {
    return this.launch(launch, ["create", "--bundle", bundle]);
  }

  /** `crun start`, for its poststart hooks. */
  async startWithHooks(containerId: string): Promise<void> {
    await this.run(["start", containerId], { fds: undefined, program: "" });
  }

  /**
   * Lets the first process run its program. Without hooks `crun start` does no more than write one byte to the FIFO that the
   * process waits at, and starting crun for it costs as much as a whole boot phase under emulation.
   */
  start(containerId: string): void {
    const path = `${STATE_DIR}/${containerId}/exec.fifo`;
    let fd: number;
    try {
      fd = this.sys.open(path, { write: true, nonBlocking: true });
    } catch (error) {
      if (!isErrno(error, "ENXIO", "ENOENT")) throw error;
      throw new KataError("failed-precondition", `Container ${containerId} is not waiting to be started`, {
        cause: error,
      });
    }
    try {
      this.sys.unlink(path);
      this.sys.write(fd, new Uint8Array(1));
    } finally {
      this.sys.close(fd);
    }
  }

  /** `crun exec` of the OCI process in `processFile`; returns the pid of the new process, a child of the agent by then. */
  exec(launch: CrunLaunch, processFile: string): Promise<number> {
    return this.launch(launch, ["exec", "--detach", "--process", processFile]);
  }

  /** `crun delete`, for its poststop hooks. */
  async delete(containerId: string): Promise<void> {
    await this.run(["delete", "--force", containerId], { fds: undefined, program: "" });
  }

  /** Removes crun's record of a container whose processes and cgroup are gone. */
  forget(containerId: string): void {
    this.sys.removeTree(`${STATE_DIR}/${containerId}`);
  }

  /** A file name for one invocation, in the agent's private directory. */
  scratch(suffix: string): string {
    return `${this.dir}/${++this.counter}.${suffix}`;
  }

  private async launch(launch: CrunLaunch, args: readonly string[]): Promise<number> {
    const pidFile = this.scratch("pid");
    const console = launch.consoleSocket === undefined ? [] : ["--console-socket", launch.consoleSocket];
    try {
      await this.run([...args, "--pid-file", pidFile, ...console, launch.containerId], launch);
      const text = this.sys.readText(pidFile, 32).trim();
      if (!/^[1-9]\d{0,9}$/.test(text)) throw new KataError("internal", `crun wrote no pid: ${JSON.stringify(text)}`);
      return Number(text);
    } finally {
      this.remove(pidFile);
    }
  }

  private async run(args: readonly string[], launch: Pick<CrunLaunch, "fds" | "program" | "signal">): Promise<void> {
    const log = this.scratch("log");
    const argv = [
      "crun",
      "--root",
      STATE_DIR,
      "--cgroup-manager",
      "cgroupfs",
      "--log",
      `file:${log}`,
      "--log-format",
      "json",
      ...args,
    ];
    const { path, env, fixedAddresses } = this.prepare();
    const startedAt = this.loop.nowMs();
    try {
      const pid = this.sys.spawn({
        path,
        argv,
        env: [...ENVIRONMENT, ...env],
        cwd: "/",
        oomScoreAdj: 0,
        fixedAddresses,
        ...(launch.fds === undefined ? {} : { fds: launch.fds }),
      });
      const kill = () => this.sys.kill(pid, signals.SIGKILL);
      launch.signal?.addEventListener("abort", kill);
      const status = await this.loop.exited(pid);
      launch.signal?.removeEventListener("abort", kill);
      this.logger.debug("crun ended", {
        command: args[0],
        code: exitCode(status),
        ms: Math.round(this.loop.nowMs() - startedAt),
      });
      if (exitCode(status) === 0) return;
      const message = lastCrunError(this.readLog(log));
      if (message !== undefined) throw crunError(message, launch.program);
      throw new KataError("internal", `crun ${args[0]} ended with status ${exitCode(status)} and no message`);
    } finally {
      this.remove(log);
    }
  }

  private readLog(path: string): string {
    try {
      return this.sys.readText(path, 1 << 20);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return "";
      throw error;
    }
  }

  private remove(path: string): void {
    try {
      this.sys.unlink(path);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
}
