import { KataError } from "../base/error.ts";
import type { Process as ProcessSpec, Resources } from "../oci/spec.ts";
import type { StatsContainerResponse } from "../wire/gen/agent/agent.ts";
import type { ProcessIo } from "./process-io.ts";
import type { TaskProcess } from "./task-process.ts";

export interface ContainerOptions {
  readonly id: string;
  readonly bundle: string;
  readonly terminal: boolean;
  readonly io: ProcessIo;
}

/** What an exec is to be. */
export interface ExecOptions {
  readonly execId: string;
  readonly spec: ProcessSpec;
  readonly terminal: boolean;
  readonly io: ProcessIo;
}

/**
 * A container as the task API sees it. There are two kinds: those that the guest runs (`GuestContainer`), and the one that
 * stands for a pod, of which the guest knows nothing (`PodContainer`).
 */
export interface Container {
  readonly kind: "guest" | "pod";
  readonly id: string;
  readonly bundle: string;
  readonly init: TaskProcess;
  /** It would miss the VM: it has not ended and, as far as is known, can be ended without it. */
  readonly needsVm: boolean;
  /** All its processes, the first one first. */
  readonly processes: readonly TaskProcess[];
  /** The first process, for an empty exec id, or an exec. Throws KataError `not-found`. */
  process(execId: string): TaskProcess;
  /**
   * Starts its first process, once. `announce` is called as soon as it runs: before its end can be noticed, and before the
   * hooks that follow.
   */
  start(announce: () => void): Promise<void>;
  /** Prepares an exec. Throws KataError: `already-exists`, `failed-precondition` unless the container runs programs. */
  addExec(options: ExecOptions): TaskProcess;
  /** Starts an exec that was added. */
  startExec(execId: string): Promise<void>;
  /** Forgets an exec that has ended or never ran. */
  removeExec(execId: string): void;
  /**
   * Sends a signal to an exec or, for an empty exec id, to the first process; SIGKILL then goes to all processes of the
   * container, and always works: a guest that does not answer is ended as a whole. Throws KataError `not-found` for other
   * signals than SIGKILL and SIGTERM to a process that has ended, and `deadline-exceeded` for a container that a SIGKILL did
   * not end within 10 s while others need the VM.
   */
  kill(execId: string, signal: number): Promise<void>;
  /** A process of the sandbox has ended. A container that outlived its SIGKILL ends with the VM once nothing else needs that. */
  otherEnded(): void;
  /** Freezes all its processes. Throws KataError `failed-precondition` unless it runs. */
  pause(): Promise<void>;
  /** Thaws it. Throws KataError `failed-precondition` unless it is paused. */
  resume(): Promise<void>;
  /** Resource use. */
  stats(): Promise<StatsContainerResponse>;
  /** Changes its limits. The VM keeps its size. */
  update(resources: Resources): Promise<void>;
  /** The VM is gone: ends every process that has not ended. */
  lost(): Promise<void>;
  /** To be called when everything of it is gone. */
  removed(): Promise<void>;
}

/** The error for an exec that a container does not have. */
export function noSuchProcess(containerId: string, execId: string): KataError {
  return new KataError("not-found", `There is no process ${JSON.stringify(execId)} in container ${containerId}`, {
    field: "exec_id",
  });
}
