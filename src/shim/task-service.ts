import { utf8Decode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { CgroupMode } from "../resource/cgroup.ts";
import type { ProcessIo, StdioNames } from "../sandbox/process-io.ts";
import type { Exit } from "../sandbox/process-state.ts";
import { inStage } from "../sandbox/stages.ts";
import type { TaskProcess } from "../sandbox/task-process.ts";
import * as events from "../wire/gen/containerd/events/task.ts";
import type * as wire from "../wire/gen/containerd/task/v2/shim.ts";
import type { Envelope } from "../wire/gen/containerd/types/event.ts";
import type { Empty } from "../wire/gen/google/protobuf/empty.ts";
import type { MessageType } from "../wire/protobuf/message-type.ts";
import type { taskV3Service } from "../wire/services/task.ts";
import type { CallContext, ServiceHandlers } from "../wire/ttrpc/handlers.ts";
import { configPath } from "./config-path.ts";
import type { EventPublisher } from "./events.ts";
import { processStatus } from "./process-status.ts";
import type { Task, Tasks } from "./tasks.ts";
import { toTimestamp } from "./timestamp.ts";

export interface TaskServiceDeps {
  readonly tasks: Tasks;
  readonly events: EventPublisher;
  readonly logger: Logger;
  readonly shimPid: number;
  readonly wallMs: () => number;
  readonly cgroupMode: () => CgroupMode;
  readonly openIo: (names: StdioNames, containerId: string) => ProcessIo;
  /** Ends the shim, once the answer to the current call is on its way. */
  readonly shutdown: () => void;
}

/** Exit status of a process that was never started. */
const NEVER_STARTED = 255;
const notEnded = { exitStatus: 0, exitedAt: undefined };
const MAX_SIGNAL = 64;
const MAX_TERMINAL_SIZE = 0xffff;

/**
 * containerd's task API, versions 2 and 3, which have the same messages; only version 3 has a stream of events. The VMM stands for every process of a
 * sandbox: its pid is the one that all answers carry.
 */
export class TaskService implements ServiceHandlers<typeof taskV3Service> {
  private readonly deps: TaskServiceDeps;
  /** Deletions under way. */
  private readonly deleting = new Map<TaskProcess, Promise<wire.DeleteResponse>>();

  constructor(deps: TaskServiceDeps) {
    this.deps = deps;
  }

  async create(request: wire.CreateTaskRequest): Promise<wire.CreateTaskResponse> {
    if (request.checkpoint !== "")
      throw new KataError("unimplemented", "Containers cannot be restored from checkpoints");
    const { id, bundle, rootfs, stdin, stdout, stderr, terminal } = request;
    const { tasks } = this.deps;
    await tasks.create({ ...request, configPath: configPath(request.options) });
    const io = { stdin, stdout, stderr, terminal };
    const { pid } = tasks;
    void this.publish("create", events.TaskCreate, { containerId: id, bundle, rootfs, io, checkpoint: "", pid });
    return { pid };
  }

  async start({ id, execId }: wire.StartRequest): Promise<wire.StartResponse> {
    const { tasks } = this.deps;
    const { container } = tasks.get(id);
    if (execId === "") {
      // A program may be over before its hooks are: its end must not be announced first.
      const announce = () => void this.publish("start", events.TaskStart, { containerId: id, pid: tasks.pid });
      await inStage("start-container", () => container.start(announce));
    } else {
      await inStage("exec", () => container.startExec(execId));
      void this.publish("exec-started", events.TaskExecStarted, { containerId: id, execId, pid: tasks.pid });
    }
    return { pid: tasks.pid };
  }

  async delete(request: wire.DeleteRequest): Promise<wire.DeleteResponse> {
    const task = this.deps.tasks.get(request.id);
    const process = task.container.process(request.execId);
    const earlier = this.deleting.get(process);
    if (earlier !== undefined) {
      await earlier.catch(() => {});
      // Nothing is left to delete then, unless the earlier attempt failed.
      return this.delete(request);
    }
    const deletion = this.deleteOnce(task, process);
    this.deleting.set(process, deletion);
    try {
      return await deletion;
    } finally {
      this.deleting.delete(process);
    }
  }

  private async deleteOnce(task: Task, process: TaskProcess): Promise<wire.DeleteResponse> {
    const { tasks } = this.deps;
    const { id } = task;
    const { execId } = process;
    const { kind } = process.state;
    if (kind !== "stopped" && kind !== "created") {
      throw new KataError("failed-precondition", `${process.name} must have ended to be deleted, it is ${kind}`);
    }
    const { pid } = tasks;
    // Whoever waits for a process that never ran must not wait for ever.
    if (kind === "created") await process.abandon(NEVER_STARTED);
    // Its end is announced before its deletion.
    await process.exited;
    if (execId === "") await inStage("stop-sandbox", () => tasks.remove(task));
    else task.container.removeExec(execId);
    const { exitStatus, exitedAt } = this.exitFields(process.exit);
    if (execId === "") {
      void this.publish("delete", events.TaskDelete, { containerId: id, pid, exitStatus, exitedAt, id: "" });
    }
    return { pid, exitStatus, exitedAt };
  }

  async exec(request: wire.ExecProcessRequest): Promise<Empty> {
    const { id, execId, terminal, stdin, stdout, stderr, spec } = request;
    const { container } = this.deps.tasks.get(id);
    const { parseProcess } = await import("../oci/parse-spec.ts");
    const { value, warnings } = parseProcess(utf8Decode(spec?.value ?? new Uint8Array(0)));
    for (const warning of warnings) this.deps.logger.warn("specification", { container: id, exec: execId, warning });
    const io = this.deps.openIo({ stdin, stdout, stderr }, id);
    try {
      container.addExec({ execId, spec: value, terminal, io });
    } catch (error) {
      await io.finish();
      throw error;
    }
    void this.publish("exec-added", events.TaskExecAdded, { containerId: id, execId });
    return {};
  }

  state({ id, execId }: wire.StateRequest): wire.StateResponse {
    const { tasks } = this.deps;
    const task = tasks.get(id);
    const process = task.container.process(execId);
    const { stdin, stdout, stderr } = process.io.names;
    const { exitStatus, exitedAt } = process.exit === undefined ? notEnded : this.exitFields(process.exit);
    // Without spreads, which take the engine long: clients ask for this more than for anything else.
    return {
      id: execId === "" ? id : execId,
      bundle: task.bundle,
      pid: tasks.pid,
      status: processStatus(process.state),
      stdin,
      stdout,
      stderr,
      terminal: process.terminal,
      exitStatus,
      exitedAt,
      execId,
    };
  }

  async wait({ id, execId }: wire.WaitRequest): Promise<wire.WaitResponse> {
    return this.exitFields(await this.deps.tasks.process(id, execId).exited);
  }

  async kill({ id, execId, signal }: wire.KillRequest): Promise<Empty> {
    if (signal < 1 || signal > MAX_SIGNAL) {
      throw new KataError("invalid-argument", `signal must lie from 1 to ${MAX_SIGNAL}, got ${signal}`, {
        field: "signal",
      });
    }
    await this.deps.tasks.get(id).container.kill(execId, signal);
    return {};
  }

  async pause({ id }: wire.PauseRequest): Promise<Empty> {
    await this.deps.tasks.get(id).container.pause();
    void this.publish("paused", events.TaskPaused, { containerId: id });
    return {};
  }

  async resume({ id }: wire.ResumeRequest): Promise<Empty> {
    await this.deps.tasks.get(id).container.resume();
    void this.publish("resumed", events.TaskResumed, { containerId: id });
    return {};
  }

  async resizePty({ id, execId, width, height }: wire.ResizePtyRequest): Promise<Empty> {
    if (width > MAX_TERMINAL_SIZE || height > MAX_TERMINAL_SIZE) {
      throw new KataError(
        "invalid-argument",
        `A terminal has at most ${MAX_TERMINAL_SIZE} rows and columns, got ${height} and ${width}`,
      );
    }
    await this.deps.tasks.process(id, execId).resize(height, width);
    return {};
  }

  closeIO({ id, execId, stdin }: wire.CloseIORequest): Empty {
    const process = this.deps.tasks.process(id, execId);
    if (stdin) process.io.closeStdin();
    return {};
  }

  pids({ id }: wire.PidsRequest): wire.PidsResponse {
    const { tasks } = this.deps;
    tasks.get(id);
    return { processes: tasks.pid === 0 ? [] : [{ pid: tasks.pid }] };
  }

  async update({ id, resources }: wire.UpdateTaskRequest): Promise<Empty> {
    const { container } = this.deps.tasks.get(id);
    if (resources === undefined) {
      throw new KataError("invalid-argument", "The update has no resources", { field: "resources" });
    }
    const { parseResources } = await import("../oci/parse-spec.ts");
    await container.update(parseResources(utf8Decode(resources.value)));
    return {};
  }

  async stats({ id }: wire.StatsRequest): Promise<wire.StatsResponse> {
    const stats = await this.deps.tasks.get(id).container.stats();
    // Loaded when somebody asks for the first time: not every manager does.
    const { toMetrics } = await import("./metrics.ts");
    return { stats: toMetrics(stats, this.deps.cgroupMode()) };
  }

  /**
   * Answers whatever the id is: a containerd that was restarted asks by the id of the sandbox too, which has no task when the
   * sandbox API made it, and takes an error for a dead shim whose VM it then removes.
   */
  connect(_request: wire.ConnectRequest): wire.ConnectResponse {
    const { tasks, shimPid } = this.deps;
    return { shimPid, taskPid: tasks.pid, version: "" };
  }

  shutdown({ now }: wire.ShutdownRequest, context: CallContext): Empty {
    // A pod's containers are shut down one by one; the shim goes with the last of them.
    if (!this.deps.tasks.inUse || now) context.onFinished(() => this.deps.shutdown());
    return {};
  }

  /** The events from now on, for a caller that asks for them. */
  events(_request: Empty, { signal }: CallContext): AsyncIterable<Envelope> {
    return this.deps.events.follow(signal);
  }

  /** Publishes the end of a process; to be awaited before anybody waits no more for it. */
  async processEnded(process: TaskProcess): Promise<void> {
    const { containerId, execId, exit } = process;
    await this.publish("exit", events.TaskExit, {
      containerId,
      id: execId === "" ? containerId : execId,
      pid: this.deps.tasks.pid,
      ...this.exitFields(exit),
    });
  }

  /** Publishes that a process of a container was killed for want of memory. */
  outOfMemory(containerId: string): Promise<void> {
    return this.publish("oom", events.TaskOOM, { containerId });
  }

  private publish<T extends object>(topic: string, type: MessageType<T>, message: T): Promise<void> {
    return this.deps.events.publish(`/tasks/${topic}`, type, message);
  }

  private exitFields(exit: Exit | undefined): Pick<wire.DeleteResponse, "exitStatus" | "exitedAt"> {
    return {
      exitStatus: exit?.code ?? NEVER_STARTED,
      exitedAt: toTimestamp(exit?.atMs ?? this.deps.wallMs()),
    };
  }
}
