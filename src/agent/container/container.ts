import { KataError } from "../../base/error.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Crun } from "./crun.ts";
import type { HeldMounts } from "./held-mounts.ts";
import type { ContainerProcess } from "./process.ts";

/** Where a container is in its life. `paused` is a running one whose cgroup is frozen. */
export type ContainerState = "created" | "running" | "paused" | "stopped";

/** A container: its cgroup and the processes that the host started in it. */
export class Container {
  readonly id: string;
  readonly cgroup: Cgroup;
  readonly init: ContainerProcess;
  /** By exec id, the first process included. */
  readonly processes = new Map<string, ContainerProcess>();
  /** Exec ids whose process is being started. */
  readonly starting = new Set<string>();
  /** Mount points on which it holds a reference. */
  readonly mountPoints: readonly string[];
  readonly heldMounts: HeldMounts;
  /** Hooks exist: crun has to run them. */
  readonly hasHooks: boolean;
  /** Its first process is not PID 1: the pod's pid namespace has another. */
  readonly sharesPidNamespace: boolean;
  private readonly crun: Crun;
  private phase: "created" | "running" | "paused" = "created";

  constructor(
    deps: { readonly crun: Crun; readonly cgroup: Cgroup },
    options: {
      readonly id: string;
      readonly init: ContainerProcess;
      readonly mountPoints: readonly string[];
      readonly heldMounts: HeldMounts;
      readonly hasHooks: boolean;
      readonly sharesPidNamespace: boolean;
    },
  ) {
    this.crun = deps.crun;
    this.cgroup = deps.cgroup;
    this.id = options.id;
    this.init = options.init;
    this.mountPoints = options.mountPoints;
    this.heldMounts = options.heldMounts;
    this.hasHooks = options.hasHooks;
    this.sharesPidNamespace = options.sharesPidNamespace;
    this.processes.set(this.init.execId, this.init);
    // In a namespace of its own the kernel does it.
    if (this.sharesPidNamespace) void this.init.exited.then(() => this.cgroup.killAll());
  }

  get state(): ContainerState {
    return this.init.exitCode !== undefined ? "stopped" : this.phase;
  }

  /** Lets the first process run, and then its poststart hooks; only once, and only while it waits. */
  async start(): Promise<void> {
    this.require(["created"], "start");
    if (this.hasHooks) await this.crun.startWithHooks(this.id);
    else this.crun.start(this.id);
    this.phase = "running";
  }

  /** Freezes every process; returns when the kernel has. */
  async pause(): Promise<void> {
    this.require(["running"], "pause");
    await this.cgroup.freeze(true);
    this.phase = "paused";
  }

  async resume(): Promise<void> {
    this.require(["paused"], "resume");
    await this.cgroup.freeze(false);
    this.phase = "running";
  }

  /** Throws `failed-precondition` unless the container is in one of these states. */
  require(states: readonly ContainerState[], action: string): void {
    if (states.includes(this.state)) return;
    throw new KataError(
      "failed-precondition",
      `Cannot ${action} container ${this.id}: it is ${this.state}, not ${states.join(" or ")}`,
    );
  }

  /** A process by its exec id; empty means the first one. `not-found` for unknown ones. */
  process(execId: string): ContainerProcess {
    const process = execId === "" ? this.init : this.processes.get(execId);
    if (process === undefined)
      throw new KataError("not-found", `No process ${JSON.stringify(execId)} in container ${this.id}`);
    return process;
  }

  /** SIGKILL to everything in it, frozen or not. */
  killAll(): void {
    this.cgroup.killAll();
    // A first process that still waits to be started may not be in the cgroup of a container that failed half-way.
    this.init.signal(9);
  }
}
