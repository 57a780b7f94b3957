import { sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Failpoints } from "../base/failpoint.ts";
import { type SandboxPaths, sandboxPaths } from "../resource/paths.ts";
import type { UndoDeps } from "../resource/undo.ts";
import { UndoStack } from "../resource/undo-stack.ts";
import { keepLogs } from "./keep-logs.ts";
import { RECORD_VERSION, type SandboxRecord, writeRecord } from "./record.ts";
import { claimStateDir, removeStateDir, type StateDir } from "./state-dir.ts";

export interface StoreDeps extends UndoDeps {
  readonly failpoints: Failpoints;
}

export interface StoreOptions {
  readonly sandboxId: string;
  readonly namespace: string;
  readonly bundle: string;
  readonly hypervisor: string;
  /** The socket of its shim. */
  readonly socket: string | undefined;
  /** /run except in tests. */
  readonly runDir: string | undefined;
}

/** How long a start waits for a clean-up of the same id. */
const CLAIM_MS = 1000;

/** What a sandbox has on disk: its locked directory, its record with the undo list, the VM's directory. */
export class SandboxStore {
  readonly paths: SandboxPaths;
  readonly undo: UndoStack;
  private readonly deps: StoreDeps;
  private readonly options: StoreOptions;
  private record: SandboxRecord;
  private stateDir: StateDir | undefined;

  constructor(deps: StoreDeps, options: StoreOptions) {
    this.deps = deps;
    this.options = options;
    this.paths = sandboxPaths(options.sandboxId, options.runDir);
    this.undo = new UndoStack(deps, { persist: (undo) => this.saveUndo(undo) });
    this.record = {
      version: RECORD_VERSION,
      sandboxId: options.sandboxId,
      bundle: options.bundle,
      namespace: options.namespace,
      state: "starting",
      createdMs: Math.floor(deps.clock.wallMs()),
      shimPid: deps.sys.pid(),
      hypervisor: options.hypervisor,
      socket: options.socket ?? "",
      containers: [],
      undo: [],
    };
  }

  /**
   * Takes the state directory, after cleaning up what a dead shim of the same sandbox left, and writes the record. First
   * of all. Throws KataError `already-exists` when a shim of this sandbox is alive.
   */
  async claim(): Promise<void> {
    const { sys, failpoints } = this.deps;
    let held = await this.claimInTime();
    while (held.leftover) {
      await this.cleanUpLeftover(held);
      held = await this.claimInTime();
    }
    this.stateDir = held;
    await failpoints.hit("state-claimed");
    this.undo.push({ kind: "remove-tree", path: this.paths.vmDir });
    await failpoints.hit("record-written");
    sys.mkdirAll(this.paths.vmDir, 0o700);
  }

  setState(state: SandboxRecord["state"]): void {
    this.save({ state });
  }

  addContainer(id: string, bundle: string): void {
    this.save({ containers: [...this.record.containers, { id, bundle }] });
  }

  dropContainer(id: string): void {
    this.save({ containers: this.record.containers.filter((container) => container.id !== id) });
  }

  /** Takes everything back. What fails is logged and stays in the record, for the next clean-up. */
  async unwind(): Promise<void> {
    keepLogs(this.deps, { vmDir: this.paths.vmDir, bundle: this.options.bundle });
    const errors = await this.undo.unwind();
    const { stateDir } = this;
    if (stateDir === undefined) return;
    if (errors.length === 0) removeStateDir(this.deps.sys, stateDir.path);
    this.stateDir = undefined;
    stateDir.release();
  }

  /** The clean-up of an earlier sandbox may be under way, and takes a moment. */
  private async claimInTime(): Promise<StateDir> {
    const { clock, sys } = this.deps;
    const giveUpAt = clock.nowMs() + CLAIM_MS;
    for (;;) {
      try {
        return claimStateDir(sys, this.paths.stateDir);
      } catch (error) {
        if (KataError.from(error).code !== "already-exists" || clock.nowMs() >= giveUpAt) throw error;
      }
      await sleep(clock, 5);
    }
  }

  private async cleanUpLeftover(held: StateDir): Promise<void> {
    const { sandboxId, runDir } = this.options;
    this.deps.logger.warn("cleaning up after a sandbox of the same id");
    try {
      // Only a shim that died leaves anything: the code is loaded then.
      const { cleanUpSandbox } = await import("./cleanup.ts");
      const problems = await cleanUpSandbox(this.deps, { sandboxId, ...(runDir === undefined ? {} : { runDir }) });
      if (problems[0] === undefined) return;
      throw KataError.wrap(problems[0], "Cannot clean up after an earlier sandbox of the same id");
    } finally {
      held.release();
    }
  }

  /** What is about to be acquired must be on disk; what was taken back may stay there, for undoing it twice does no harm. */
  private saveUndo(undo: SandboxRecord["undo"]): void {
    const grows = undo.length > this.record.undo.length;
    if (!grows) {
      this.save({ undo });
      return;
    }
    this.record = { ...this.record, undo };
    this.write();
  }

  /** A full disk must not keep a sandbox from running on or ending. */
  private save(changes: Partial<SandboxRecord>): void {
    this.record = { ...this.record, ...changes };
    try {
      this.write();
    } catch (error) {
      this.deps.logger.warn("cannot update the sandbox's record", { error: KataError.from(error) });
    }
  }

  private write(): void {
    if (this.stateDir !== undefined) writeRecord(this.deps.sys, this.stateDir.path, this.record);
  }
}
