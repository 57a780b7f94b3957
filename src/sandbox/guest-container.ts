import { sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Failpoints } from "../base/failpoint.ts";
import { type RandomSource, randomHex, validateId } from "../base/ids.ts";
import { guestProcess, guestResources } from "../oci/guest-spec.ts";
import type { Process as ProcessSpec, Resources } from "../oci/spec.ts";
import { toAgentProcess, toAgentResources } from "../oci/to-agent.ts";
import { signals } from "../sys/signals.ts";
import { ExecProcessRequest, type StatsContainerResponse } from "../wire/gen/agent/agent.ts";
import { type Container, type ContainerOptions, type ExecOptions, noSuchProcess } from "./container.ts";
import { deadlines, LOST_EXIT_CODE } from "./deadlines.ts";
import type { HookPoint, HookState } from "./hooks.ts";
import type { LateNetwork } from "./late-network.ts";
import { Process, type ProcessDeps } from "./process.ts";

/** What a container in the guest needs of its sandbox. */
export interface GuestContainerDeps extends ProcessDeps {
  readonly failpoints: Failpoints;
  readonly random: RandomSource;
  readonly network: LateNetwork;
  /** Runs the container's hooks of a point; failures before the start are thrown. */
  readonly runHooks: (point: HookPoint, status: HookState["status"]) => Promise<void>;
  /** Waits for a call to the agent that must not hang; see `HealthMonitor.urgent`. */
  readonly urgent: <T>(call: Promise<T>, containerId: string) => Promise<T>;
  /** The guest did not take a SIGKILL: ends the sandbox's VM, and with it every process. */
  readonly giveUp: (cause: KataError) => Promise<void>;
  /** Whether there are other containers that need the VM. */
  readonly othersNeedVm: (containerId: string) => boolean;
}

interface Exec {
  readonly process: Process;
  readonly spec: ProcessSpec;
}

/** A container that the agent knows, with its first process and its execs. */
export class GuestContainer implements Container {
  readonly kind = "guest";
  readonly id: string;
  readonly bundle: string;
  readonly init: Process;
  private readonly deps: GuestContainerDeps;
  private readonly execs = new Map<string, Exec>();
  private endExpected = false;
  private outlivesKill = false;

  constructor(deps: GuestContainerDeps, options: ContainerOptions) {
    this.deps = deps;
    this.id = options.id;
    this.bundle = options.bundle;
    this.init = new Process(deps, {
      containerId: options.id,
      execId: "",
      token: options.id,
      terminal: options.terminal,
      io: options.io,
    });
  }

  get needsVm(): boolean {
    return !(this.init.isOver || this.outlivesKill);
  }

  process(execId: string): Process {
    if (execId === "") return this.init;
    const exec = this.execs.get(execId);
    if (exec === undefined) throw noSuchProcess(this.id, execId);
    return exec.process;
  }

  get processes(): readonly Process[] {
    return [this.init, ...[...this.execs.values()].map(({ process }) => process)];
  }

  async start(announce: () => void): Promise<void> {
    await this.init.start(async (agent) => {
      await this.deps.failpoints.hit("container-before-start");
      await this.deps.network.beforeStart();
      await agent.startContainer({ containerId: this.id }, { timeoutMs: deadlines.startContainer });
      await this.deps.failpoints.hit("container-started");
    });
    this.deps.network.afterStart();
    announce();
    await this.deps.runHooks("poststart", "running");
  }

  async removed(): Promise<void> {
    await this.deps.runHooks("poststop", "stopped");
  }

  addExec(options: ExecOptions): Process {
    const { execId, spec, terminal, io } = options;
    // One character is enough for a name that the guest never sees.
    validateId(execId, "exec id", 1);
    if (execId === this.id || this.execs.has(execId)) {
      throw new KataError("already-exists", `There is a process ${execId} in container ${this.id} already`, {
        field: "exec_id",
      });
    }
    if (this.init.state.kind !== "running") {
      throw new KataError(
        "failed-precondition",
        `Cannot exec in container ${this.id}: it must be running, it is ${this.init.state.kind}`,
      );
    }
    // A name of its own for each exec: the caller's may come again while the agent still knows the last one.
    const token = randomHex(this.deps.random, 16);
    const process = new Process(this.deps, { containerId: this.id, execId, token, terminal, io });
    this.execs.set(execId, { process, spec });
    return process;
  }

  async startExec(execId: string): Promise<void> {
    const process = this.process(execId);
    const spec = this.execs.get(execId)?.spec;
    if (spec === undefined) throw new KataError("internal", `Exec ${execId} has no process specification`);
    const request = ExecProcessRequest.create({
      containerId: this.id,
      execId: process.token,
      process: toAgentProcess({ ...guestProcess(spec), terminal: process.terminal }),
    });
    await process.start(async (agent) => {
      await this.deps.failpoints.hit("exec-before-start");
      await agent.execProcess(request, { timeoutMs: deadlines.exec });
    });
  }

  removeExec(execId: string): void {
    this.execs.delete(execId);
  }

  async kill(execId: string, signal: number): Promise<void> {
    const process = this.process(execId);
    const forced = signal === signals.SIGKILL;
    if (process.isOver && (forced || signal === signals.SIGTERM)) {
      // Ending what has ended is no error: managers do it to be sure. By force, its output has to be read now or never.
      if (forced) process.io.cut();
      return;
    }
    if (forced) for (const { io } of execId === "" ? this.processes : [process]) io.killed();
    try {
      // The agent kills every process of the container when no exec is named.
      await this.deps.urgent(process.signal(signal, execId === "" ? "" : process.token), this.id);
    } catch (error) {
      const { code } = KataError.from(error);
      if (forced && process.isOver) return;
      if (!forced || execId !== "" || code !== "deadline-exceeded") throw error;
      await this.deps.giveUp(KataError.wrap(error, `The guest did not kill container ${this.id}`));
    }
    if (!forced || execId !== "" || this.init.isOver) return;
    if (this.outlivesKill) await this.endWithVm();
    else void this.expectEnd();
  }

  otherEnded(): void {
    if (this.outlivesKill && !this.init.isOver && !this.deps.othersNeedVm(this.id)) void this.endWithVm();
  }

  /** What outlives a SIGKILL waits in the guest's kernel for something that hangs, such as the files of its share. */
  private async expectEnd(): Promise<void> {
    if (this.endExpected) return;
    this.endExpected = true;
    await sleep(this.deps.clock, deadlines.killed);
    if (this.init.isOver) return;
    this.outlivesKill = true;
    await this.endWithVm().catch((error: unknown) => {
      this.deps.logger.error("a container cannot be killed alone", { error: KataError.from(error) });
    });
  }

  /** Throws KataError `deadline-exceeded` when that would cost other containers their lives. */
  private async endWithVm(): Promise<void> {
    const message = `Container ${this.id} has not ended ${deadlines.killed / 1000} s after SIGKILL`;
    const hint =
      "It waits in the guest's kernel, mostly for files: is virtiofsd stopped, or the storage behind a volume? It ends with its pod";
    const error = new KataError("deadline-exceeded", message, { hint });
    if (this.deps.othersNeedVm(this.id)) throw error;
    await this.deps.giveUp(error);
  }

  async pause(): Promise<void> {
    const agent = this.deps.agent(`pause container ${this.id}`);
    this.init.apply({ kind: "pause" });
    try {
      await agent.pauseContainer({ containerId: this.id }, { timeoutMs: deadlines.pause });
    } catch (error) {
      this.init.apply({ kind: "pause-failed" });
      throw error;
    }
    this.init.apply({ kind: "paused" });
  }

  async resume(): Promise<void> {
    const agent = this.deps.agent(`resume container ${this.id}`);
    const { kind } = this.init.state;
    if (kind !== "paused") {
      throw new KataError("failed-precondition", `Container ${this.id} must be paused to be resumed, it is ${kind}`);
    }
    await agent.resumeContainer({ containerId: this.id }, { timeoutMs: deadlines.pause });
    this.init.apply({ kind: "resumed" });
  }

  stats(): Promise<StatsContainerResponse> {
    return this.deps
      .agent(`read statistics of container ${this.id}`)
      .statsContainer({ containerId: this.id }, { timeoutMs: deadlines.stats });
  }

  async update(resources: Resources): Promise<void> {
    await this.deps
      .agent(`update container ${this.id}`)
      .updateContainer(
        { containerId: this.id, resources: toAgentResources(guestResources(resources)) },
        { timeoutMs: deadlines.update },
      );
  }

  async lost(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.lost(LOST_EXIT_CODE)));
  }
}
