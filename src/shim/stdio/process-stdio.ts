import type { Timer } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import type { ProcessIo, RemoteStreams, StdioNames } from "../../sandbox/process-io.ts";
import type { Loop } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import { InputPump } from "./input-pump.ts";
import { type InputSource, openInput } from "./input-source.ts";
import { type OutputSinks, openSinks } from "./open-sinks.ts";
import { pumpOutput } from "./output-pump.ts";

export interface StdioDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
}

/** How long chunks that were read before the VM went may take to be delivered. */
const CUT_GRACE_MS = 300;
/** How long the reader of a killed process's output may take nothing before its end comes without it. */
const STALL_MS = 10_000;

/**
 * The streams of one process between the FIFOs, files or programs that a task request names and the guest. They are
 * opened when it is made, so that a bad name fails the request.
 */
export class ProcessStdio implements ProcessIo {
  readonly names: StdioNames;
  private readonly deps: StdioDeps;
  private readonly sinks: OutputSinks;
  private readonly input: InputSource | undefined;
  private inputPump: InputPump | undefined;
  private outputs: Promise<unknown> = Promise.resolve();
  private cutShort: () => void = () => {};
  private readonly cutting: Promise<void>;
  private isKilled = false;
  private watchStall: () => void = () => {};
  private finishing: Promise<void> | undefined;

  /** Throws KataError that names the stream. */
  constructor(
    deps: StdioDeps,
    names: StdioNames,
    process: { readonly containerId: string; readonly namespace: string },
  ) {
    this.deps = deps;
    this.names = names;
    this.input = openInput(deps, names.stdin);
    try {
      this.sinks = openSinks(deps, names, process);
    } catch (error) {
      this.input?.close();
      throw error;
    }
    this.cutting = new Promise((resolve) => {
      this.cutShort = resolve;
    });
  }

  start(remote: RemoteStreams): void {
    this.startInput(remote);
    this.outputs = this.startOutputs(remote);
  }

  closeStdin(): void {
    // The FIFO's own end says when the last bytes are read: ending here could lose them.
    this.input?.endWithWriters();
  }

  finish(): Promise<void> {
    this.finishing ??= this.finishOnce();
    return this.finishing;
  }

  killed(): void {
    this.isKilled = true;
    this.watchStall();
  }

  cut(): void {
    this.cutShort();
  }

  private startInput(remote: RemoteStreams): void {
    const end = () => {
      // A terminal has no end of input of its own: its users type one.
      if (remote.readStderr === undefined) return;
      remote.closeStdin().catch((error: unknown) => this.report("cannot close the input", error));
    };
    if (this.input === undefined) {
      end();
      return;
    }
    const failed = (error: unknown) => this.report("no more input reaches the process", error);
    try {
      this.input.begin();
    } catch (error) {
      failed(error);
      return;
    }
    const write = (bytes: Uint8Array) => remote.writeStdin(bytes);
    this.inputPump = new InputPump(this.deps, this.input, { write, end, failed });
  }

  private async startOutputs({ readStdout, readStderr, readsAtOnce }: RemoteStreams): Promise<void> {
    try {
      await this.sinks.ready;
    } catch (error) {
      this.deps.logger.warn("the log program is not ready", { error: KataError.from(error) });
    }
    const copies = [this.copy(readStdout, "stdout", readsAtOnce)];
    if (readStderr !== undefined) copies.push(this.copy(readStderr, "stderr", readsAtOnce));
    await Promise.all(copies);
  }

  private async copy(
    read: (length: number) => Promise<Uint8Array>,
    name: "stdout" | "stderr",
    readsAtOnce: number,
  ): Promise<void> {
    try {
      await pumpOutput(read, this.sinks[name], readsAtOnce);
    } catch (error) {
      this.report(`cannot read ${name}`, error);
    }
  }

  private async finishOnce(): Promise<void> {
    const { loop } = this.deps;
    this.sinks.stdout.ending();
    this.sinks.stderr.ending();
    // A reader that is merely slow is waited for; the loss of the VM ends the wait, and a kill if nobody reads at all.
    const cut = this.cutting.then(() => after(loop, CUT_GRACE_MS, this.outputs));
    const stall = this.awaitStall();
    await Promise.race([this.outputs, cut, stall.reached]);
    stall.stop();
    this.inputPump?.close();
    this.input?.close();
    this.sinks.stdout.close();
    this.sinks.stderr.close();
  }

  /** `reached` resolves when the process is being killed and no output was taken for a while. */
  private awaitStall(): { readonly reached: Promise<void>; stop(): void } {
    const { loop, logger } = this.deps;
    const taken = () => this.sinks.stdout.taken + this.sinks.stderr.taken;
    let timer: Timer | undefined;
    const reached = new Promise<void>((resolve) => {
      const check = (before: number) => {
        timer = loop.setTimer(STALL_MS, () => {
          if (taken() !== before) return check(taken());
          logger.warn("nobody reads the output of a killed process: the rest is lost");
          resolve();
        });
      };
      this.watchStall = () => {
        if (timer === undefined) check(taken());
      };
    });
    if (this.isKilled) this.watchStall();
    return { reached, stop: () => timer?.cancel() };
  }

  /** What fails because the process is going is no news. */
  private report(message: string, error: unknown): void {
    const level = this.finishing === undefined ? "info" : "debug";
    this.deps.logger.log(level, message, { error: KataError.from(error) });
  }
}

function after(loop: Loop, ms: number, orSooner: Promise<unknown>): Promise<unknown> {
  return Promise.race([orSooner, new Promise<void>((resolve) => loop.setTimer(ms, resolve))]);
}
