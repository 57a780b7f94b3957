import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { loadRuntimeConfig } from "../config/load.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { type Bundle, loadBundle } from "../oci/bundle.ts";
import { type ContainerKind, containerKind } from "../oci/container-kind.ts";
import { sharesPidNamespace } from "../oci/guest-spec.ts";
import type { Spec } from "../oci/spec.ts";
import { planRootfs, type RootfsMount, type RootfsSource } from "../resource/rootfs.ts";
import { vmSize } from "../resource/sizing.ts";
import { planVolumes } from "../resource/volume-plan.ts";
import { resolverLines } from "../sandbox/guest-requests.ts";
import type { ContainerRequest, GuestContainerRequest } from "../sandbox/place-container.ts";
import type { ProcessIo, StdioNames } from "../sandbox/process-io.ts";
import { Sandbox, type SandboxDeps, type SandboxOptions } from "../sandbox/sandbox.ts";
import { inStage } from "../sandbox/stages.ts";

/** What creating tasks needs. */
export interface CreateDeps extends SandboxDeps {
  readonly namespace: string;
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
  readonly sandboxId: string;
  /** What its sandbox is to be; undefined for a container that joins its pod's. */
  readonly sandbox: { readonly config: RuntimeConfig; readonly options: SandboxOptions } | undefined;
}

/** Memory that the containers of a pod share when the sandbox container does not say how much. */
const POD_SHM_BYTES = 64 * 1024 * 1024;

/** Reads the bundle and the configuration, and checks what can be checked. Throws KataError; nothing stays open then. */
export async function planTask(deps: CreateDeps, request: TaskRequest): Promise<PlannedTask> {
  const { sys, logger } = deps;
  const { id, terminal } = request;
  const bundle = loadBundle(sys, request.bundle);
  for (const warning of bundle.warnings) logger.warn("specification", { container: id, warning });
  const { spec } = bundle;
  for (const point of ["createContainer", "startContainer"] as const) {
    if (spec.hooks[point].length > 0) logger.warn("hooks inside of containers are not run", { container: id, point });
  }
  for (const annotation of Object.keys(spec.annotations)) {
    // Nothing that a pod's author writes changes how its VM is run.
    if (annotation.startsWith("io.katacontainers."))
      logger.warn("annotation is ignored", { container: id, annotation });
  }
  const kind = containerKind(spec.annotations);
  const planned =
    kind.kind === "sandbox" ? planPodContainer(deps, id, spec) : await planGuestContainer(deps, request, bundle);
  const sandbox = await planSandbox(deps, request, spec, kind);
  const io = deps.openIo({ stdin: request.stdin, stdout: request.stdout, stderr: request.stderr }, id);
  const container = { id, bundle: bundle.path, spec, terminal, io, ...planned };
  return { container, sandboxId: kind.kind === "pod-container" ? kind.sandboxId : id, sandbox };
}

/** The sandbox of a planned task, not yet started. */
export function sandboxFor(deps: CreateDeps, { sandbox }: PlannedTask): Sandbox {
  if (sandbox === undefined) throw new KataError("internal", "The task has no sandbox of its own");
  const logger = sandbox.config.runtime.debug ? deps.debugLogger : deps.logger;
  return new Sandbox({ ...deps, logger }, sandbox.options);
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

async function planSandbox(
  deps: CreateDeps,
  request: TaskRequest,
  spec: Spec,
  kind: ContainerKind,
): Promise<PlannedTask["sandbox"]> {
  if (kind.kind === "pod-container") return undefined;
  const { sys, logger, failpoints } = deps;
  const config = await inStage("load-config", () => loadRuntimeConfig({ sys }, { path: request.configPath }));
  for (const warning of config.warnings) logger.warn("configuration", { warning });
  await failpoints.hit("config-loaded");
  const workload = { resources: spec.linux.resources, annotations: spec.annotations };
  const shmMounts = spec.mounts.filter(({ destination }) => destination === "/dev/shm");
  const shm = planVolumes(sys, shmMounts).find((volume) => volume.kind === "sandbox-shm");
  const netns = spec.linux.namespaces.find(({ type }) => type === "network")?.path;
  const options: SandboxOptions = {
    config,
    namespace: deps.namespace,
    bundle: request.bundle,
    size: vmSize(config.hypervisor, workload, sys.cpuCount()),
    netns: netns === "" ? undefined : netns,
    cgroupsPath: spec.linux.cgroupsPath,
    sysctl: kind.kind === "sandbox" ? spec.linux.sysctl : {},
    guest: {
      id: request.id,
      hostname: spec.hostname,
      dns: resolverLines(sys, spec.mounts),
      shmBytes: shm?.sizeBytes ?? (kind.kind === "sandbox" ? POD_SHM_BYTES : undefined),
      sharedPidNamespace: sharesPidNamespace(spec),
      kernelModules: config.agent.kernelModules,
    },
  };
  return { config, options };
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
