import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import { exitCode } from "../../sys/port/processes.ts";
import { signals } from "../../sys/signals.ts";
import type { Sys } from "../../sys/sys.ts";
import { catchesSignal } from "./signal-rules.ts";
import { closeStdio, type ProcessStdio } from "./stdio.ts";

/** A process that the host started in a container: its first one or an exec. A child of the agent. */
export class ContainerProcess {
  private readonly sys: Sys;
  readonly execId: string;
  readonly pid: number;
  readonly stdio: ProcessStdio;
  /** How it ended as the shell says it (128 + signal for signals). Never rejects. */
  readonly exited: Promise<number>;
  /** Set once it ended. */
  exitCode: number | undefined;
  /** The host has been told how it ended. */
  waited = false;

  constructor(
    deps: { readonly sys: Sys; readonly loop: Loop },
    options: { readonly execId: string; readonly pid: number; readonly stdio: ProcessStdio },
  ) {
    this.sys = deps.sys;
    this.execId = options.execId;
    this.pid = options.pid;
    this.stdio = options.stdio;
    this.exited = deps.loop.exited(options.pid).then((status) => {
      this.exitCode = exitCode(status);
      this.stdio.stdin.abandon();
      this.stdio.stdout.processEnded();
      this.stdio.stderr?.processEnded();
      return this.exitCode;
    });
  }

  /** Sends a signal. One that has ended, even a moment ago, is left alone without complaint. */
  signal(signal: number): void {
    // The number belongs to this process until the loop reaps it, which is when exitCode is set.
    if (this.exitCode !== undefined) return;
    try {
      this.sys.kill(this.pid, signal);
    } catch (error) {
      if (!isErrno(error, "ESRCH")) throw error;
    }
  }

  /** Whether it would notice SIGTERM: the first process of a pid namespace ignores signals it has no handler for. */
  handlesTerm(): boolean {
    try {
      return catchesSignal(this.sys.readText(`/proc/${this.pid}/status`, 65536), signals.SIGTERM);
    } catch (error) {
      if (isErrno(error, "ENOENT", "ESRCH")) return true;
      throw error;
    }
  }

  /** Sets the terminal's size; `unavailable` without a terminal, as upstream. */
  resize(rows: number, columns: number): void {
    const { terminal } = this.stdio;
    if (terminal === undefined) throw new KataError("unavailable", "The process has no terminal");
    for (const [name, size] of [
      ["row", rows],
      ["column", columns],
    ] as const) {
      if (size > 0xffff)
        throw new KataError("invalid-argument", `${name} must lie from 0 to 65535, got ${size}`, { field: name });
    }
    if (this.stdio.stdout.ended) return;
    this.sys.setWindowSize(terminal, rows, columns);
  }

  /** Gives its streams up: waiting readers get the end of the output. */
  close(): void {
    closeStdio(this.stdio);
  }
}
