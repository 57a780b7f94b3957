import type { CallOptions } from "../../base/cancel.ts";
import { sleep } from "../../base/clock.ts";
import { withTimeout } from "../../base/deadline.ts";
import type { Logger } from "../../base/logger.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { ExitStatus, ProcessesPort, SpawnOptions } from "../../sys/port/processes.ts";
import type { SocketsPort } from "../../sys/port/sockets.ts";
import { signals } from "../../sys/signals.ts";
import { FdStream } from "../../sys/stream.ts";
import { BoundedLog } from "./bounded-log.ts";
import { LineRing } from "./line-ring.ts";

/** What running a helper process needs. */
export interface SupervisedDeps {
  readonly sys: FilesPort &
    Pick<ProcessesPort, "spawn" | "kill"> &
    Pick<SocketsPort, "pipe" | "setNonBlocking" | "shutdown" | "sendDescriptors" | "duplicate">;
  readonly loop: Loop;
  readonly logger: Logger;
}

/** What becomes of one of its outputs. */
export interface OutputOptions {
  /** Lines that are remembered for errors; 64 unless said otherwise. */
  readonly lines?: number;
  /** A file that takes everything, up to a bound. */
  readonly logPath?: string;
  readonly onLine?: (line: string) => void;
}

export interface SupervisedOptions {
  /** What to run; it is killed when this process dies. Standard output and error are captured. */
  readonly spawn: Omit<SpawnOptions, "fds" | "deathSignal">;
  /** The child's descriptors from 3 on. They stay open here. */
  readonly extraFds?: readonly number[];
  readonly stdout?: OutputOptions;
  readonly stderr?: OutputOptions;
}

/** How a helper process ended, with the last lines of its outputs. */
export interface ProcessEnd {
  readonly status: ExitStatus;
  readonly stdoutTail: readonly string[];
  readonly stderrTail: readonly string[];
}

const maxLogBytes = 1024 * 1024;
/** The last words of an ended process are in its pipes already; a child that it left behind must not hold up the end. */
const drainMs = 1000;
/** Even a process in an uninterruptible sleep is gone by then, unless the machine is in trouble. */
const killMs = 10_000;

/** A long-running program that belongs to this process: captured, watched from the first moment, never left behind. */
export class SupervisedProcess {
  readonly pid: number;
  /** Settles once, when it is gone and its outputs are read. */
  readonly exited: Promise<ProcessEnd>;
  private readonly deps: SupervisedDeps;
  private readonly outputs: readonly [CapturedOutput, CapturedOutput];
  private gone = false;

  /** Starts it. Throws SysError; nothing is left open then. */
  constructor(deps: SupervisedDeps, options: SupervisedOptions) {
    this.deps = deps;
    const stdout = new CapturedOutput(deps, options.stdout ?? {});
    const opened = [stdout];
    try {
      const stderr = new CapturedOutput(deps, options.stderr ?? {});
      opened.push(stderr);
      this.outputs = [stdout, stderr];
      this.pid = deps.sys.spawn({
        ...options.spawn,
        fds: [-1, stdout.writeEnd, stderr.writeEnd, ...(options.extraFds ?? [])],
        deathSignal: signals.SIGKILL,
      });
    } catch (error) {
      for (const output of opened) output.discard();
      throw error;
    }
    for (const output of this.outputs) output.start();
    this.exited = this.watch();
  }

  /** The last lines of both outputs so far. */
  get tails(): Omit<ProcessEnd, "status"> {
    const [stdout, stderr] = this.outputs;
    return { stdoutTail: stdout.ring.tail(), stderrTail: stderr.ring.tail() };
  }

  /** Sends a signal; nothing happens when it is gone. */
  signal(signal: number): void {
    if (this.gone) return;
    try {
      this.deps.sys.kill(this.pid, signal);
    } catch (error) {
      if (!isErrno(error, "ESRCH")) throw error;
    }
  }

  /** SIGKILL, and waits until it is gone. Rejects with `deadline-exceeded` if it stays, which takes a broken kernel. */
  kill(options: CallOptions = {}): Promise<ProcessEnd> {
    this.signal(signals.SIGKILL);
    return withTimeout(this.deps.loop, options.timeoutMs ?? killMs, `end of process ${this.pid}`, this.exited);
  }

  private async watch(): Promise<ProcessEnd> {
    const status = await this.deps.loop.exited(this.pid);
    this.gone = true;
    await Promise.race([Promise.all(this.outputs.map((output) => output.ended)), sleep(this.deps.loop, drainMs)]);
    for (const output of this.outputs) output.stop();
    return { status, ...this.tails };
  }
}

/** One output of a process: a pipe, the last lines of it, and a file if wanted. */
class CapturedOutput {
  readonly writeEnd: number;
  readonly ring: LineRing;
  /** Resolves at the end of the stream. */
  readonly ended: Promise<void>;
  private readonly deps: SupervisedDeps;
  private readonly stream: FdStream;
  private readonly log: BoundedLog | undefined;
  private resolveEnded: () => void = () => {};

  constructor(deps: SupervisedDeps, options: OutputOptions) {
    this.deps = deps;
    const { lines = 64, logPath, onLine } = options;
    this.ring = new LineRing({ lines, ...(onLine === undefined ? {} : { onLine }) });
    this.log = logPath === undefined ? undefined : new BoundedLog(deps, { path: logPath, maxBytes: maxLogBytes });
    const [readEnd, writeEnd] = deps.sys.pipe();
    deps.sys.setNonBlocking(readEnd, true);
    this.writeEnd = writeEnd;
    this.stream = new FdStream({ sys: deps.sys, loop: deps.loop }, { fd: readEnd });
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
  }

  /** Begins reading; the child has its end by now. */
  start(): void {
    this.deps.sys.close(this.writeEnd);
    this.stream.start({
      data: (chunk) => {
        this.log?.write(chunk, () => this.ring.tail());
        this.ring.push(chunk);
      },
      close: () => this.resolveEnded(),
    });
  }

  stop(): void {
    this.stream.close();
    this.log?.close();
  }

  /** Undoes the constructor. */
  discard(): void {
    this.start();
    this.stop();
  }
}
