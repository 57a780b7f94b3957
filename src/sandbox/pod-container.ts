import { KataError } from "../base/error.ts";
import type { Failpoints } from "../base/failpoint.ts";
import type { Logger } from "../base/logger.ts";
import { signals } from "../sys/signals.ts";
import type { StatsContainerResponse } from "../wire/gen/agent/agent.ts";
import { type Container, type ContainerOptions, noSuchProcess } from "./container.ts";
import { LOST_EXIT_CODE, UNKNOWN_EXIT_CODE } from "./deadlines.ts";
import type { HookPoint, HookState } from "./hooks.ts";
import type { LateNetwork } from "./late-network.ts";
import { TaskProcess, type TaskProcessDeps } from "./task-process.ts";

/** What a pod's container needs of its sandbox. */
export interface PodContainerDeps extends TaskProcessDeps {
  readonly failpoints: Failpoints;
  readonly logger: Logger;
  readonly network: LateNetwork;
  /** Runs the container's hooks of a point; failures before the start are thrown. */
  readonly runHooks: (point: HookPoint, status: HookState["status"]) => Promise<void>;
  /** What the sandbox's programs use on the host. */
  readonly stats: () => StatsContainerResponse;
}

/** The signals at which a pause program ends. */
const endingSignals: readonly number[] = [signals.SIGKILL, signals.SIGTERM, signals.SIGINT];

/**
 * The container that stands for a pod. Elsewhere its program ("pause") does nothing but hold the pod's namespaces; here the
 * VM holds them, so no program runs: the container is a task that starts and ends on the host alone.
 */
export class PodContainer implements Container {
  readonly kind = "pod";
  readonly needsVm = false;
  readonly id: string;
  readonly bundle: string;
  readonly init: PodProcess;
  private readonly deps: PodContainerDeps;

  constructor(deps: PodContainerDeps, options: ContainerOptions) {
    this.deps = deps;
    this.id = options.id;
    this.bundle = options.bundle;
    this.init = new PodProcess(deps, {
      containerId: options.id,
      execId: "",
      terminal: options.terminal,
      io: options.io,
    });
  }

  get processes(): readonly TaskProcess[] {
    return [this.init];
  }

  process(execId: string): TaskProcess {
    if (execId !== "") throw noSuchProcess(this.id, execId);
    return this.init;
  }

  async start(announce: () => void): Promise<void> {
    const { failpoints, network, runHooks } = this.deps;
    this.init.apply({ kind: "start" });
    try {
      await failpoints.hit("container-before-start");
      await network.beforeStart();
      await failpoints.hit("container-started");
    } catch (error) {
      await this.init.failed();
      throw error;
    }
    this.init.apply({ kind: "started" });
    network.afterStart();
    announce();
    await runHooks("poststart", "running");
  }

  addExec(): never {
    throw this.nothingRuns("exec in");
  }

  async startExec(execId: string): Promise<void> {
    throw noSuchProcess(this.id, execId);
  }

  removeExec(): void {}

  /** SIGKILL, SIGTERM and SIGINT end it; other signals have no effect, as on a pause program. */
  async kill(execId: string, signal: number): Promise<void> {
    const process = this.process(execId);
    const forced = signal === signals.SIGKILL;
    if (process.isOver) {
      if (!forced && signal !== signals.SIGTERM) {
        throw new KataError("not-found", `${process.name} has already finished`);
      }
      process.io.cut();
    } else if (endingSignals.includes(signal)) await this.init.end(128 + signal);
  }

  /** It never waits for anything in the guest. */
  otherEnded(): void {}

  async pause(): Promise<void> {
    throw this.nothingRuns("pause");
  }

  async resume(): Promise<void> {
    throw this.nothingRuns("resume");
  }

  async stats(): Promise<StatsContainerResponse> {
    return this.deps.stats();
  }

  /** There is nothing to limit: a pod's limits are those of its VM. */
  async update(): Promise<void> {
    this.deps.logger.debug("the pod's own container has no limits to change", { container: this.id });
  }

  async lost(): Promise<void> {
    await this.init.lost(LOST_EXIT_CODE);
  }

  async removed(): Promise<void> {
    await this.deps.runHooks("poststop", "stopped");
  }

  private nothingRuns(what: string): KataError {
    return new KataError(
      "failed-precondition",
      `Cannot ${what} container ${this.id}: it stands for its pod and runs nothing`,
      {
        field: "id",
        hint: "Name one of the pod's workload containers",
      },
    );
  }
}

/** The process that a pod's container would have. */
class PodProcess extends TaskProcess {
  /** It has no terminal, whatever was asked for. */
  override async resize(): Promise<void> {}

  /** Ends it with this code, and says so. */
  async end(code: number): Promise<void> {
    await this.ended(code);
  }

  /** Its start failed: it ends without ever having run. */
  async failed(): Promise<void> {
    await this.ended(UNKNOWN_EXIT_CODE, { publish: false });
  }
}
