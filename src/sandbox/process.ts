import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { signals } from "../sys/signals.ts";
import type { AgentApi } from "./agent-api.ts";
import { deadlines, UNKNOWN_EXIT_CODE } from "./deadlines.ts";
import type { RemoteStreams } from "./process-io.ts";
import { remoteStreams } from "./remote-streams.ts";
import { TaskProcess, type TaskProcessDeps, type TaskProcessOptions } from "./task-process.ts";

/** What a process in the guest needs of its sandbox. */
export interface ProcessDeps extends TaskProcessDeps {
  /** The agent while the sandbox runs; throws KataError `failed-precondition` otherwise. `what` is being attempted. */
  readonly agent: (what: string) => AgentApi;
  readonly readsAtOnce: () => number;
  readonly logger: Logger;
}

export interface ProcessOptions extends TaskProcessOptions {
  /** The agent's name of it. */
  readonly token: string;
}

/** A process in the guest. */
export class Process extends TaskProcess {
  readonly token: string;
  private readonly deps: ProcessDeps;
  private size: { readonly rows: number; readonly columns: number } | undefined;

  constructor(deps: ProcessDeps, options: ProcessOptions) {
    super(deps, options);
    this.deps = deps;
    this.token = options.token;
  }

  /** Starts it by `startInGuest`; afterwards its streams are copied and its end is awaited. Once. */
  async start(startInGuest: (agent: AgentApi) => Promise<unknown>): Promise<void> {
    const agent = this.deps.agent(`start ${this.name}`);
    this.apply({ kind: "start" });
    try {
      await startInGuest(agent);
    } catch (error) {
      await this.ended(UNKNOWN_EXIT_CODE, { publish: false });
      throw error;
    }
    this.apply({ kind: "started" });
    // Only the loss of the VM ends a process whose end nobody awaits yet, and the sandbox knows the reason.
    if (this.state.kind !== "running") {
      this.deps.agent(`start ${this.name}`);
      throw new KataError("unavailable", `${this.name} was lost while it started`);
    }
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
    const neverStarted = this.state.kind === "created";
    const agent = this.deps.agent(`signal ${this.name}`);
    // An exec exists in the guest from its start on.
    if (!neverStarted || this.execId === "") {
      await agent.signalProcess(
        { containerId: this.containerId, execId: token, signal },
        { timeoutMs: deadlines.signal },
      );
    }
    if (neverStarted && (signal === signals.SIGKILL || signal === signals.SIGTERM)) {
      await this.ended(128 + signal);
    }
  }

  override async resize(rows: number, columns: number): Promise<void> {
    this.size = { rows, columns };
    const { kind } = this.state;
    if (kind === "created" || kind === "starting" || kind === "stopped") return;
    await this.deps
      .agent(`resize ${this.name}`)
      .ttyWinResize(
        { containerId: this.containerId, execId: this.token, row: rows, column: columns },
        { timeoutMs: deadlines.resize },
      );
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
    await this.ended(code);
  }
}
