import type { Clock } from "../base/clock.ts";
import type { ProcessIo } from "./process-io.ts";
import { type Exit, nextState, type ProcessEvent, type ProcessState } from "./process-state.ts";

/** What every process of a sandbox needs. */
export interface TaskProcessDeps {
  readonly clock: Clock;
  /** Told once, when the process has ended and its output is delivered. */
  readonly onExit: (process: TaskProcess) => Promise<void>;
}

/** What a process is to its container. */
export interface TaskProcessOptions {
  readonly containerId: string;
  /** The caller's name of an exec; empty for the container's first process. */
  readonly execId: string;
  readonly terminal: boolean;
  readonly io: ProcessIo;
}

/** A process as the task API sees it, be it in the guest or a mere promise: its state, its streams and its end. */
export abstract class TaskProcess {
  readonly containerId: string;
  readonly execId: string;
  readonly terminal: boolean;
  readonly io: ProcessIo;
  /** Settles when the process has ended, its output is delivered and its exit is published. Never rejects. */
  readonly exited: Promise<Exit>;
  private readonly owner: TaskProcessDeps;
  private current: ProcessState = { kind: "created" };
  private ending: Exit | undefined;
  private resolveExited: (exit: Exit) => void = () => {};

  constructor(deps: TaskProcessDeps, options: TaskProcessOptions) {
    this.owner = deps;
    this.containerId = options.containerId;
    this.execId = options.execId;
    this.terminal = options.terminal;
    this.io = options.io;
    this.exited = new Promise((resolve) => {
      this.resolveExited = resolve;
    });
  }

  /** Sets the terminal's size, as soon as there is one. */
  abstract resize(rows: number, columns: number): Promise<void>;

  get state(): ProcessState {
    return this.current;
  }

  /** How it ended; undefined while it has not. */
  get exit(): Exit | undefined {
    return this.current.kind === "stopped" ? this.current.exit : undefined;
  }

  /** It has ended, though its last output may still be on its way; `exit` follows. */
  get isOver(): boolean {
    return this.ending !== undefined;
  }

  /** The subject of messages about it. */
  get name(): string {
    return this.execId === "" ? `Container ${this.containerId}` : `Process ${this.execId}`;
  }

  /** Moves on, or throws KataError `failed-precondition`. */
  apply(event: ProcessEvent): void {
    this.current = nextState(this.current, event, this.name);
  }

  /** The VM is gone: ends the process at once. What was read of its output is still delivered if somebody takes it. */
  async lost(code: number): Promise<void> {
    this.io.cut();
    await this.ended(code);
  }

  /** Nobody will start it any more: whoever waits for it is told this code. Only for a process that was never started. */
  async abandon(code: number): Promise<void> {
    await this.ended(code, { publish: false });
  }

  /** Ends it: the first end counts, later ones change nothing. */
  protected async ended(code: number, options: { readonly publish: boolean } = { publish: true }): Promise<void> {
    if (this.ending !== undefined) return;
    const exit = { code, atMs: this.owner.clock.wallMs() };
    this.ending = exit;
    await this.io.finish();
    this.apply({ kind: "ended", exit });
    if (options.publish) await this.owner.onExit(this);
    this.resolveExited(exit);
  }
}
