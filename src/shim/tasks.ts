import { KataError } from "../base/error.ts";
import { validateId } from "../base/ids.ts";
import type { Container } from "../sandbox/container.ts";
import type { ContainerRequest } from "../sandbox/place-container.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { inStage } from "../sandbox/stages.ts";
import type { TaskProcess } from "../sandbox/task-process.ts";
import type { PreparedSandbox } from "./prepare-sandbox.ts";
import { type CreateDeps, newSandbox, type PreparedTask, prepareTask, type TaskRequest } from "./prepare-task.ts";

/** A container as containerd knows it. */
export interface Task {
  readonly id: string;
  readonly bundle: string;
  readonly container: Container;
  /** The sandbox was made for this container and ends with it. */
  readonly ownsSandbox: boolean;
}

/** All tasks of a shim, and the one sandbox that they live in. */
export class Tasks {
  private readonly deps: CreateDeps;
  private readonly tasks = new Map<string, Task>();
  /** Ids that are being created. */
  private readonly pending = new Set<string>();
  private current: Sandbox | undefined;
  /** The sandbox when it is nobody's: it exists without a task, until it is stopped. */
  private pod: Sandbox | undefined;
  private podRuns = false;

  constructor(deps: CreateDeps) {
    this.deps = deps;
  }

  /** The sandbox, from the first task's creation on. */
  get sandbox(): Sandbox | undefined {
    return this.current;
  }

  /** The pid that stands for every process: the VMM's. */
  get pid(): number {
    return this.current?.vmmPid ?? 0;
  }

  /** Whether there are tasks, or some are being created, or a sandbox exists without one. */
  get inUse(): boolean {
    return this.tasks.size + this.pending.size > 0 || this.pod !== undefined;
  }

  /** Whether something lives here that needs the shim though nobody may ever ask for it. */
  get busy(): boolean {
    return this.tasks.size + this.pending.size > 0 || this.podRuns;
  }

  /** Throws KataError `not-found`. */
  get(id: string): Task {
    const task = this.tasks.get(id);
    if (task === undefined) {
      throw new KataError("not-found", `There is no container ${JSON.stringify(id.slice(0, 128))}`, { field: "id" });
    }
    return task;
  }

  /** The first process of a task, for an empty exec id, or an exec. Throws KataError `not-found`. */
  process(id: string, execId: string): TaskProcess {
    return this.get(id).container.process(execId);
  }

  /**
   * Creates a container, and its sandbox if it is the first of one. When that fails nothing is left of either. Throws
   * KataError with the stage.
   */
  async create(request: TaskRequest): Promise<Task> {
    const id = validateId(request.id, "id");
    if (this.tasks.has(id) || this.pending.has(id)) {
      throw new KataError("already-exists", `There is a container ${id} already`, { field: "id" });
    }
    this.pending.add(id);
    this.deps.logger.debug("create", { container: id, bundle: request.bundle });
    try {
      const task = await this.createPlanned(await this.plan(request));
      this.tasks.set(id, task);
      return task;
    } finally {
      this.pending.delete(id);
    }
  }

  /** Takes a container that has ended, or never started, away. The sandbox goes with the container it was made for. */
  async remove(task: Task): Promise<void> {
    if (task.ownsSandbox) await this.current?.stop();
    else await this.current?.removeContainer(task.container);
    this.tasks.delete(task.id);
    await task.container.removed();
  }

  /** To be called when a process has ended: a sandbox does not outlive the container it was made for. */
  processEnded(process: TaskProcess): void {
    const task = this.tasks.get(process.containerId);
    if (task?.ownsSandbox === true && process === task.container.init) void this.current?.stop();
  }

  /**
   * Holds a sandbox that exists without a task; `startSandbox` boots it. Throws KataError `already-exists` when there is a
   * sandbox.
   */
  addSandbox(plan: PreparedSandbox): Sandbox {
    if (this.current !== undefined) {
      throw new KataError("already-exists", `This shim has the sandbox ${this.current.id} already`, {
        field: "sandbox_id",
      });
    }
    this.pod = newSandbox(this.deps, plan);
    this.current = this.pod;
    return this.pod;
  }

  /** Boots a sandbox that was added. Throws KataError with the stage; nothing is left of it then. */
  async startSandbox(sandbox: Sandbox): Promise<void> {
    this.podRuns = true;
    void sandbox.ended.then(() => {
      this.podRuns = false;
    });
    await sandbox.start();
    this.deps.onSandbox(sandbox);
  }

  /** Ends a sandbox that was added, started or not; it no longer keeps the shim. */
  async stopSandbox(sandbox: Sandbox): Promise<void> {
    await sandbox.stop();
    this.pod = undefined;
  }

  private plan(request: TaskRequest): Promise<PreparedTask> {
    return inStage("prepare-sandbox", () => prepareTask(this.deps, request, this.pod?.id));
  }

  private async createPlanned(plan: PreparedTask): Promise<Task> {
    const { id, bundle } = plan.container;
    try {
      const { place } = plan;
      if (place.kind === "pod") {
        const container = await this.sandboxNamed(place.sandboxId).createContainer(plan.container);
        return { id, bundle, container, ownsSandbox: false };
      }
      const container = await this.createWithSandbox(plan.container, place.sandbox);
      return { id, bundle, container, ownsSandbox: true };
    } catch (error) {
      await plan.container.io.finish();
      throw error;
    }
  }

  private sandboxNamed(id: string): Sandbox {
    if (this.current?.id === id) return this.current;
    throw new KataError("not-found", `This shim has no sandbox ${id}`, { field: "annotations" });
  }

  private async createWithSandbox(request: ContainerRequest, plan: PreparedSandbox): Promise<Container> {
    if (this.current !== undefined) {
      throw new KataError("failed-precondition", `This shim has the sandbox ${this.current.id} already`, {
        field: "id",
      });
    }
    const sandbox = newSandbox(this.deps, plan);
    this.current = sandbox;
    try {
      // The container's files are placed while the guest boots.
      const [, container] = await Promise.all([sandbox.start(), sandbox.createContainer(request)]);
      this.deps.onSandbox(sandbox);
      return container;
    } catch (error) {
      await sandbox.stop(KataError.from(error));
      this.current = undefined;
      throw error;
    }
  }
}
