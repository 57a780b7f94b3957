import type { Failpoints } from "../base/failpoint.ts";
import type { Logger } from "../base/logger.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { SandboxBackends } from "../sandbox/backends.ts";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
import type { Note, Planner, SandboxPlan } from "./planning/planner.ts";

export interface PrepareDeps {
  readonly logger: Logger;
  readonly failpoints: Failpoints;
  readonly planner: Planner;
  readonly backends: SandboxBackends;
  readonly namespace: string;
  /** The shim's socket. */
  readonly socket: string;
  /** The configuration file that the caller of `start` named; empty for the host's. */
  readonly configPath: string;
}

/** A sandbox that passed every check that can be made before anything is acquired. */
export interface PreparedSandbox {
  readonly config: RuntimeConfig;
  readonly options: SandboxOptions;
}

/** Checks the files whose hashes the pod knows. Throws KataError. */
export async function prepareSandbox(
  deps: PrepareDeps,
  { id, bundle }: { readonly id: string; readonly bundle: string },
  { config, configMs, facts, size, notes }: SandboxPlan,
): Promise<PreparedSandbox> {
  const { logger, failpoints, namespace, socket } = deps;
  logNotes(logger, notes);
  logger.info("configuration loaded", { file: config.source, load_ms: configMs });
  for (const warning of config.warnings) logger.warn("configuration", { warning });
  await failpoints.hit("config-loaded");
  if (config.assetHashes.length > 0) {
    const { checkAssets } = await import("../sandbox/check-assets.ts");
    await checkAssets(deps.backends, config);
  }
  const { hostname, dns, shmBytes, sharedPidNamespace, netns, cgroupsPath, sysctl } = facts;
  const { kernelModules } = config.agent;
  const hookPath = config.hypervisor.guestHookPath;
  const guest = { id, hostname, dns, shmBytes, sharedPidNamespace, kernelModules, hookPath };
  return { config, options: { config, namespace, socket, bundle, size, netns, cgroupsPath, sysctl, guest } };
}

/** Logs what planning has noticed. */
export function logNotes(logger: Logger, notes: readonly Note[]): void {
  for (const { level, message, fields } of notes) logger.log(level, message, fields);
}
