import type { Logger } from "../base/logger.ts";
import type { RootfsMount } from "../resource/rootfs-plan.ts";
import type { ContainerRequest } from "../sandbox/place-container.ts";
import type { ProcessIo, StdioNames } from "../sandbox/process-io.ts";
import { Sandbox, type SandboxDeps } from "../sandbox/sandbox.ts";
import { logNotes, type PrepareDeps, type PreparedSandbox, prepareSandbox } from "./prepare-sandbox.ts";

/** What creating tasks needs. */
export interface CreateDeps extends PrepareDeps, SandboxDeps {
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
  /** The configuration that the caller wants; empty for the one that `start` was told. */
  readonly configPath: string;
}

/** A task that passed every check that can be made before anything is acquired. */
export interface PreparedTask {
  readonly container: ContainerRequest;
  readonly place: TaskPlace;
}

/** The sandbox that a task is to live in. */
export type TaskPlace =
  /** One of its own, which ends with it. */
  | { readonly kind: "own"; readonly sandbox: PreparedSandbox }
  /** Its pod's. */
  | { readonly kind: "pod"; readonly sandboxId: string };

/**
 * Plans a task, checks what can be checked, and opens its streams. `podId` is the sandbox that exists without a task:
 * containers that name none join it. Throws KataError; nothing stays open then.
 */
export async function prepareTask(
  deps: CreateDeps,
  request: TaskRequest,
  podId: string | undefined,
): Promise<PreparedTask> {
  const { id, bundle, rootfs, terminal, stdin, stdout, stderr } = request;
  const configPath = request.configPath || deps.configPath;
  const { container, place: planned, notes } = deps.planner.task({ id, bundle, rootfs, configPath, podId });
  logNotes(deps.logger, notes);
  const place: TaskPlace =
    planned.kind === "pod" ? planned : { kind: "own", sandbox: await prepareSandbox(deps, request, planned.sandbox) };
  const io = deps.openIo({ stdin, stdout, stderr }, id);
  return { container: { ...container, terminal, io }, place };
}

/** A prepared sandbox, not yet started. */
export function newSandbox(deps: CreateDeps, { config, options }: PreparedSandbox): Sandbox {
  const logger = config.runtime.debug ? deps.debugLogger : deps.logger;
  return new Sandbox({ ...deps, logger }, options);
}
