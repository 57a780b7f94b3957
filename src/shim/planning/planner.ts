import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { PlanVm } from "../../hypervisor/qemu/plan.ts";
import type { Annotations, Resources } from "../../oci/spec.ts";
import type { PodNetns } from "../../resource/network/netns.ts";
import type { RootfsMount } from "../../resource/rootfs-plan.ts";
import type { VmSize } from "../../resource/sizing.ts";
import type { GuestContainerRequest, PodContainerRequest } from "../../sandbox/place-container.ts";
import type { Any } from "../../wire/gen/google/protobuf/any.ts";

/**
 * Decides what containers, sandboxes and VMs are made from, with everything that can be checked before anything is acquired.
 * Each question is asked once. Questions and plans are plain data; every method throws KataError.
 */
export interface Planner {
  /** See `planTask`. */
  task(question: TaskQuestion): TaskPlan;
  /** See `planPod`. */
  pod(question: PodQuestion): SandboxPlan;
  /** See `planVm`. */
  readonly qemu: PlanVm;
}

/** A task that is to be created. */
export interface TaskQuestion {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: readonly RootfsMount[];
  /** The configuration file; empty for the host's. */
  readonly configPath: string;
  /** The sandbox that exists without a task: containers that name none join it. */
  readonly podId: string | undefined;
}

/** A sandbox that is to be created by itself. */
export interface PodQuestion {
  readonly bundle: string;
  /** Of the network namespace; empty for what the bundle says. */
  readonly netnsPath: string;
  readonly annotations: Annotations;
  /** Of the request; a `PodSandboxConfig` may be in it. */
  readonly options: Any | undefined;
  readonly configPath: string;
}

/** A task that passed every check. */
export interface TaskPlan {
  readonly container: PlannedContainer;
  readonly place: PlannedPlace;
  readonly notes: readonly Note[];
}

/** A container, but for its streams. */
export type PlannedContainer =
  | Omit<GuestContainerRequest, "io" | "terminal">
  | Omit<PodContainerRequest, "io" | "terminal">;

/** The sandbox that a task is to live in. */
export type PlannedPlace =
  /** One of its own, which ends with it. */
  | { readonly kind: "own"; readonly sandbox: SandboxPlan }
  /** Its pod's. */
  | { readonly kind: "pod"; readonly sandboxId: string };

/** A sandbox that passed every check. */
export interface SandboxPlan {
  readonly config: RuntimeConfig;
  /** How long reading it took. */
  readonly configMs: number;
  readonly facts: SandboxFacts;
  readonly size: VmSize;
  readonly notes: readonly Note[];
}

/** What is asked for, wherever it was written. */
export interface SandboxFacts {
  readonly hostname: string;
  readonly dns: readonly string[];
  /** Undefined: its containers share no memory. */
  readonly shmBytes: number | undefined;
  readonly sharedPidNamespace: boolean;
  readonly sysctl: Annotations;
  readonly netns: PodNetns;
  readonly cgroupsPath: string;
  readonly resources: Resources | undefined;
  /** Hints about its size may be among them, and configuration that the pod asks for. */
  readonly annotations: Annotations;
}

/** A line for the log. */
export interface Note {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields?: Readonly<Record<string, string>>;
}
