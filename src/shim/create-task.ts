import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { Bundle } from "../oci/bundle.ts";
import { type ContainerKind, containerKind } from "../oci/container-kind.ts";
import type { Spec } from "../oci/spec.ts";
import { planRootfs, type RootfsMount, type RootfsSource } from "../resource/rootfs.ts";
import { planVolumes } from "../resource/volume-plan.ts";
import type { ContainerRequest, GuestContainerRequest } from "../sandbox/place-container.ts";
import type { ProcessIo, StdioNames } from "../sandbox/process-io.ts";
import { Sandbox, type SandboxDeps } from "../sandbox/sandbox.ts";
import { inStage } from "../sandbox/stages.ts";
import { swappinessWarning, withAnnotatedMemory } from "./container-annotations.ts";
import { factsOfSpec, type PlanDeps, type PlannedSandbox, planSandbox } from "./plan-sandbox.ts";

/** What creating tasks needs. */
export interface CreateDeps extends PlanDeps, SandboxDeps {
  /** Logs more when the configuration asks for it. */
  readonly debugLogger: Logger;
  /** Told of a sandbox that runs. */
  readonly onSandbox: (sandbox: Sandbox) => void;
  /** Opens a process's streams; throws KataError that names the stream. */
  readonly openIo: (names: StdioNames, containerId: string) => ProcessIo;
}

/** A create request, as far as it matters. */
export interface TaskRequest extends StdioNames {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: readonly RootfsMount[];
  readonly terminal: boolean;
  /** The configuration that the caller wants; empty for the host's. */
  readonly configPath: string;
}

/** A task that passed every check that can be made before anything is acquired. */
export interface PlannedTask {
  readonly container: ContainerRequest;
  readonly place: TaskPlace;
}

/** The sandbox that a task is to live in. */
export type TaskPlace =
  /** One of its own, which ends with it. */
  | { readonly kind: "own"; readonly sandbox: PlannedSandbox }
  /** Its pod's. */
  | { readonly kind: "pod"; readonly sandboxId: string };

/**
 * Reads the bundle and the configuration, and checks what can be checked. `podId` is the sandbox that exists without a
 * task: containers that name none join it. Throws KataError; nothing stays open then.
 */
export async function planTask(
  deps: CreateDeps,
  request: TaskRequest,
  podId: string | undefined,
): Promise<PlannedTask> {
  const { logger, documents } = deps;
  const { id, terminal } = request;
  const bundle = documents.bundle(request.bundle);
  for (const warning of bundle.warnings) logger.warn("specification", { container: id, warning });
  const kind = containerKind(bundle.spec.annotations);
  const spec = kind.kind === "sandbox" ? bundle.spec : withAnnotatedMemory(bundle.spec);
  if (spec !== bundle.spec && spec.linux.resources?.memory?.swappiness !== undefined) {
    logger.warn("specification", { container: id, warning: swappinessWarning });
  }
  for (const point of ["createContainer", "startContainer"] as const) {
    if (spec.hooks[point].length > 0) logger.warn("hooks inside of containers are not run", { container: id, point });
  }
  const planned =
    kind.kind === "sandbox" ? planPodContainer(deps, id, spec) : await planGuestContainer(deps, request, bundle);
  const place = await planPlace(deps, request, spec, placeOf(kind, podId));
  const io = deps.openIo({ stdin: request.stdin, stdout: request.stdout, stderr: request.stderr }, id);
  const container = { id, bundle: bundle.path, spec, terminal, io, ...planned };
  return { container, place };
}

/** A planned sandbox, not yet started. */
export function newSandbox(deps: CreateDeps, { config, options }: PlannedSandbox): Sandbox {
  const logger = config.runtime.debug ? deps.debugLogger : deps.logger;
  return new Sandbox({ ...deps, logger }, options);
}

function placeOf(kind: ContainerKind, podId: string | undefined): ContainerKind {
  return kind.kind === "single" && podId !== undefined ? { kind: "pod-container", sandboxId: podId } : kind;
}

async function planPlace(deps: CreateDeps, request: TaskRequest, spec: Spec, kind: ContainerKind): Promise<TaskPlace> {
  if (kind.kind === "pod-container") return { kind: "pod", sandboxId: kind.sandboxId };
  const facts = factsOfSpec(deps.sys, spec, kind.kind === "sandbox");
  return { kind: "own", sandbox: await planSandbox(deps, request, facts) };
}

/** A pod's own container is not run: its program holds namespaces elsewhere, and here the VM does. */
function planPodContainer({ logger }: CreateDeps, id: string, spec: Spec): { readonly kind: "pod" } {
  const program = spec.process?.args[0] ?? "";
  if (program !== "" && !program.endsWith("/pause")) {
    logger.info("the program of the pod's own container is not run", { container: id, program });
  }
  return { kind: "pod" };
}

function planGuestContainer(
  { sys }: CreateDeps,
  request: TaskRequest,
  { spec, rootPath }: Bundle,
): Promise<Pick<GuestContainerRequest, "kind" | "rootfs" | "volumes">> {
  if (spec.process === undefined) {
    throw new KataError("invalid-argument", "config.json has no process", { field: "process" });
  }
  return inStage("share-rootfs", () => {
    const rootfs = rootfsSource(request.rootfs, rootPath);
    planRootfs(sys, rootfs);
    return { kind: "guest", rootfs, volumes: planVolumes(sys, spec.mounts) };
  });
}

/** The mounts of the request, or without any what config.json names, as Docker has it. */
function rootfsSource(mounts: readonly RootfsMount[], rootPath: string | undefined): RootfsSource {
  if (mounts.length > 0) return { kind: "mounts", mounts };
  if (rootPath === undefined) {
    throw new KataError("invalid-argument", "config.json names no root file system and the request mounts none", {
      field: "root.path",
    });
  }
  return { kind: "directory", path: rootPath };
}
