import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import type { Loop } from "../../sys/loop.ts";
import { pump } from "../../sys/pump.ts";
import { signals } from "../../sys/signals.ts";
import type { Sys } from "../../sys/sys.ts";
import type { ContainerLog } from "../state/log-file.ts";
import type { TaskClient } from "./connection.ts";
import { copyOutput, isBrokenPipe, type OutputCopy } from "./copy-output.ts";
import { type FifoPaths, Fifos } from "./fifos.ts";
import { type OpenedStdio, openStdio } from "./stdio.ts";
import { TerminalMode, terminalSize } from "./terminal.ts";

/** Which process, and where its streams lead. */
export interface SessionOptions {
  readonly id: string;
  /** Empty for the container's first process. */
  readonly execId: string;
  readonly terminal: boolean;
  /** Pass our standard input on. */
  readonly stdin: boolean;
  /** Show the output on our standard output and error. */
  readonly attached: boolean;
  /** Keep the output, too. */
  readonly log: ContainerLog | undefined;
  /** A directory for the FIFOs; it is made here and removed by `dispose`. */
  readonly directory: string;
}

/** What a session works with. */
export interface SessionDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
}

/** Signals that mean the process in the container, not us. */
const forwarded = [signals.SIGHUP, signals.SIGINT, signals.SIGQUIT, signals.SIGTERM, signals.SIGUSR1, signals.SIGUSR2];
const callMs = 10_000;

/**
 * The client's side of one process in a container: its streams, its terminal's size, the signals for it. Make it before
 * the process is created, `attach` when the shim has the FIFOs, `started` when the process runs, `finish` when it has
 * ended, `dispose` in any case.
 */
export class ProcessSession {
  private readonly deps: SessionDeps;
  private readonly options: SessionOptions;
  private readonly fifos: Fifos;
  private readonly undo: (() => void)[] = [];
  private readonly copies: OutputCopy[] = [];
  private task: TaskClient | undefined;
  private interrupts = 0;
  private readerGone = false;

  constructor(deps: SessionDeps, options: SessionOptions) {
    this.deps = deps;
    this.options = options;
    this.fifos = new Fifos(deps.sys, options.directory, options);
    this.undo.push(() => this.fifos.remove());
  }

  /** For the request that creates the process. */
  get paths(): FifoPaths {
    return this.fifos.paths;
  }

  /** Whether the process was killed because nobody took its output any more. */
  get brokenPipe(): boolean {
    return this.readerGone;
  }

  /** Begins to copy output. */
  attach(task: TaskClient): void {
    this.task = task;
    const { attached, log } = this.options;
    const { stderr, stdout } = this.fifos;
    this.copy(stdout, { fd: attached ? this.open(1).fd : undefined, log, stream: "stdout" });
    if (stderr !== undefined) this.copy(stderr, { fd: attached ? this.open(2).fd : undefined, log, stream: "stderr" });
  }

  /** The process runs: passes input, the terminal's size and signals on. */
  async started(): Promise<void> {
    const { loop, sys } = this.deps;
    const { stdin, terminal, attached } = this.options;
    this.undo.push(loop.onSignal(forwarded, (signal) => void this.forward(signal)));
    if (terminal && attached) {
      const mode = new TerminalMode(sys);
      this.undo.push(() => mode.restore());
      this.undo.push(loop.onSignal([signals.SIGWINCH], () => void this.resize()));
      await this.resize();
    }
    if (stdin) this.passInput();
  }

  /** The process has ended: resolves when its last words are delivered. */
  async finish(): Promise<void> {
    for (const copy of this.copies) copy.finish();
    await Promise.all(this.copies.map((copy) => this.settled(copy)));
  }

  /** Gives everything back: descriptors, the terminal's mode, signal handlers, FIFOs. Harmless when repeated. */
  dispose(): void {
    for (const copy of this.copies) copy.stop();
    for (let undo = this.undo.pop(); undo !== undefined; undo = this.undo.pop()) undo();
  }

  private open(fd: 0 | 1 | 2): OpenedStdio {
    const opened = openStdio(this.deps.sys, fd);
    this.undo.push(() => opened.release());
    return opened;
  }

  private copy(from: number, target: Parameters<typeof copyOutput>[2]): void {
    const copy = copyOutput(this.deps, from, target);
    this.copies.push(copy);
    void this.settled(copy);
  }

  private async settled(copy: OutputCopy): Promise<void> {
    try {
      await copy.done;
    } catch (error) {
      if (!isBrokenPipe(error)) this.deps.logger.warn("cannot pass output on", { error: KataError.from(error) });
      if (this.readerGone) return;
      // As in a shell pipeline: a program whose output nobody wants is ended.
      this.readerGone = true;
      await this.kill(signals.SIGKILL);
    }
  }

  private passInput(): void {
    const source = this.open(0);
    this.fifos.becomeWriter();
    const target = this.fifos.stdin;
    if (target === undefined) return;
    const input = pump(this.deps, source.fd, target);
    this.undo.push(() => input.stop());
    let ended = false;
    this.undo.push(() => {
      ended = true;
    });
    input.done
      .catch((error: unknown) => {
        // The process does not read any more.
        if (!isBrokenPipe(error)) this.deps.logger.warn("cannot pass input on", { error: KataError.from(error) });
      })
      .then(async () => {
        if (ended) return;
        this.fifos.closeStdin();
        const { id, execId } = this.options;
        await this.task?.closeIO({ id, execId, stdin: true }, { timeoutMs: callMs });
      })
      .catch((error: unknown) => this.ignored("close the process's input", error));
  }

  private async resize(): Promise<void> {
    const size = terminalSize(this.deps.sys);
    if (size === undefined) return;
    const { id, execId } = this.options;
    try {
      await this.task?.resizePty({ id, execId, width: size.columns, height: size.rows }, { timeoutMs: callMs });
    } catch (error) {
      this.ignored("resize the terminal", error);
    }
  }

  /** The second Ctrl-C in a session without a terminal of its own means: now. */
  private async forward(signal: number): Promise<void> {
    if (signal === signals.SIGINT) this.interrupts++;
    const urgent = signal === signals.SIGINT && this.interrupts > 1;
    await this.kill(urgent ? signals.SIGKILL : signal);
  }

  private async kill(signal: number): Promise<void> {
    const { id, execId } = this.options;
    try {
      await this.task?.kill({ id, execId, signal, all: false }, { timeoutMs: callMs });
    } catch (error) {
      this.ignored("send a signal", error);
    }
  }

  /** The process may end at any moment, so requests about it may come too late. */
  private ignored(what: string, error: unknown): void {
    this.deps.logger.debug(`cannot ${what}`, { error: KataError.from(error) });
  }
}
