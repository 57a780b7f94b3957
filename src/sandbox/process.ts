import type { Clock } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { signals } from "../sys/signals.ts";
import type { AgentApi } from "./agent-api.ts";
import { deadlines, UNKNOWN_EXIT_CODE } from "./deadlines.ts";
import type { ProcessIo, RemoteStreams } from "./process-io.ts";
import { type Exit, nextState, type ProcessEvent, type ProcessState } from "./process-state.ts";
import { remoteStreams } from "./remote-streams.ts";

/** What a process needs of its sandbox. */
export interface ProcessDeps {
  /** The agent while the sandbox runs; throws KataError `failed-precondition` otherwise. `what` is being attempted. */
  readonly agent: (what: string) => AgentApi;
  readonly readsAtOnce: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told once, when the process has ended and its output is delivered. */
  readonly onExit: (process: Process) => Promise<void>;
}

export interface ProcessOptions {
  readonly containerId: string;
  /** The caller's name of an exec; empty for the container's first process. */
  readonly execId: string;
  /** The agent's name of it. */
  readonly token: string;
  readonly terminal: boolean;
  readonly io: ProcessIo;
}

/** A process in the guest: its state, its streams and its end. */
export class Process {
  readonly containerId: string;
  readonly execId: string;
  readonly token: string;
  readonly terminal: boolean;
  readonly io: ProcessIo;
  /** Settles when the process has ended, its output is delivered and its exit is published. Never rejects. */
  readonly exited: Promise<Exit>;
  private readonly deps: ProcessDeps;
  private current: ProcessState = { kind: "created" };
  private ending: Exit | undefined;
  private size: { readonly rows: number; readonly columns: number } | undefined;
  private resolveExited: (exit: Exit) => void = () => {};

  constructor(deps: ProcessDeps, options: ProcessOptions) {
    this.deps = deps;
    this.containerId = options.containerId;
    this.execId = options.execId;
    this.token = options.token;
    this.terminal = options.terminal;
    this.io = options.io;
    this.exited = new Promise((resolve) => {
      this.resolveExited = resolve;
    });
  }

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

  /** Starts it by `startInGuest`; afterwards its streams are copied and its end is awaited. Once. */
  async start(startInGuest: (agent: AgentApi) => Promise<unknown>): Promise<void> {
    const agent = this.deps.agent(`start ${this.name}`);
    this.apply({ kind: "start" });
    try {
      await startInGuest(agent);
    } catch (error) {
      await this.ended({ code: UNKNOWN_EXIT_CODE, atMs: this.deps.clock.wallMs() }, { publish: false });
      throw error;
    }
    this.apply({ kind: "started" });
    if (this.current.kind !== "running") return;
    this.io.start(this.streams(agent));
    void this.awaitEnd(agent);
    // Not awaited: the start is over, and whoever announces it must not be overtaken by the end.
    if (this.size !== undefined)
      this.resize(this.size.rows, this.size.columns).catch((error: unknown) => {
        this.deps.logger.warn("cannot set the terminal's size", { error: KataError.from(error) });
      });
  }

  /**
   * Sends a signal to a process that has not ended. One that was never started ends by SIGKILL and SIGTERM. Throws
   * KataError `not-found` when it has ended.
   */
  async signal(signal: number, token: string): Promise<void> {
    if (this.isOver) throw new KataError("not-found", `${this.name} has already finished`);
    const neverStarted = this.current.kind === "created";
    const agent = this.deps.agent(`signal ${this.name}`);
    // An exec exists in the guest from its start on.
    if (!neverStarted || this.execId === "") {
      await agent.signalProcess(
        { containerId: this.containerId, execId: token, signal },
        { timeoutMs: deadlines.signal },
      );
    }
    if (neverStarted && (signal === signals.SIGKILL || signal === signals.SIGTERM)) {
      await this.ended({ code: 128 + signal, atMs: this.deps.clock.wallMs() });
    }
  }

  /** Sets the terminal's size, as soon as there is one. */
  async resize(rows: number, columns: number): Promise<void> {
    this.size = { rows, columns };
    if (this.current.kind === "created" || this.current.kind === "starting" || this.exit !== undefined) return;
    await this.deps
      .agent(`resize ${this.name}`)
      .ttyWinResize(
        { containerId: this.containerId, execId: this.token, row: rows, column: columns },
        { timeoutMs: deadlines.resize },
      );
  }

  /** The VM is gone: ends the process at once. What was read of its output is still delivered if somebody takes it. */
  async lost(code: number): Promise<void> {
    this.io.cut();
    await this.ended({ code, atMs: this.deps.clock.wallMs() });
  }

  /** Nobody will start it any more: whoever waits for it is told this code. Only for a process that was never started. */
  async abandon(code: number): Promise<void> {
    await this.ended({ code, atMs: this.deps.clock.wallMs() }, { publish: false });
  }

  private streams(agent: AgentApi): RemoteStreams {
    const { containerId, token, terminal, deps } = this;
    return remoteStreams(agent, { containerId, execId: token, terminal, readsAtOnce: deps.readsAtOnce() });
  }

  private async awaitEnd(agent: AgentApi): Promise<void> {
    let code: number;
    try {
      const { status } = await agent.waitProcess({ containerId: this.containerId, execId: this.token });
      code = status >= 0 && status <= 255 ? status : UNKNOWN_EXIT_CODE;
    } catch (error) {
      const reason = KataError.from(error);
      // The sandbox notices a lost connection by itself, and knows the exit code then.
      if (reason.code === "unavailable") return;
      this.deps.logger.error("cannot learn how a process ended", { exec: this.execId, error: reason });
      code = UNKNOWN_EXIT_CODE;
    }
    await this.ended({ code, atMs: this.deps.clock.wallMs() });
  }

  private async ended(exit: Exit, options: { readonly publish: boolean } = { publish: true }): Promise<void> {
    if (this.ending !== undefined) return;
    this.ending = exit;
    await this.io.finish();
    this.apply({ kind: "ended", exit });
    if (options.publish) await this.deps.onExit(this);
    this.resolveExited(exit);
  }
}
