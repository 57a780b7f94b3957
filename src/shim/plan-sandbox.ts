import type { Failpoints } from "../base/failpoint.ts";
import type { Logger } from "../base/logger.ts";
import { architectureOf } from "../config/architecture.ts";
import type { HypervisorType } from "../config/hypervisor-type.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { mostVcpus } from "../hypervisor/most-vcpus.ts";
import { sharesPidNamespace } from "../oci/guest-spec.ts";
import type { Annotations, Resources, Spec } from "../oci/spec.ts";
import { type PodNetns, podNetns } from "../resource/network/netns.ts";
import { vmSize } from "../resource/sizing.ts";
import { planVolumes } from "../resource/volume-plan.ts";
import type { SandboxBackends } from "../sandbox/backends.ts";
import { checkAssets } from "../sandbox/check-assets.ts";
import { resolverLines } from "../sandbox/guest-requests.ts";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
import { inStage } from "../sandbox/stages.ts";
import type { Sys } from "../sys/sys.ts";
import type { Documents } from "./documents/documents.ts";
import { kataAnnotations } from "./kata-annotations.ts";

export interface PlanDeps {
  readonly sys: Sys;
  readonly logger: Logger;
  readonly failpoints: Failpoints;
  readonly documents: Documents;
  readonly backends: SandboxBackends;
  readonly namespace: string;
  /** The shim's socket. */
  readonly socket: string;
  /** The configuration file that the caller of `start` named; empty for the host's. */
  readonly configPath: string;
}

/** Who asks for a sandbox. */
export interface SandboxRequest {
  readonly id: string;
  readonly bundle: string;
  /** The configuration file that the caller wants; empty for the one that `start` was told. */
  readonly configPath: string;
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

/** A sandbox that passed every check that can be made before anything is acquired. */
export interface PlannedSandbox {
  readonly config: RuntimeConfig;
  readonly options: SandboxOptions;
}

/** Memory that the containers of a pod share when nothing says how much. */
export const POD_SHM_BYTES = 64 * 1024 * 1024;

/** Reads the configuration, checks the files whose hashes the pod knows, and sizes the VM. Throws KataError. */
export async function planSandbox(
  deps: PlanDeps,
  request: SandboxRequest,
  facts: SandboxFacts,
): Promise<PlannedSandbox> {
  const { sys, logger, failpoints } = deps;
  const path = request.configPath === "" ? deps.configPath : request.configPath;
  const startedAt = sys.nowMs();
  const config = await inStage("load-config", () => deps.documents.config(path, kataAnnotations(facts.annotations)));
  logger.info("configuration loaded", { file: config.source, load_ms: Number((sys.nowMs() - startedAt).toFixed(2)) });
  for (const warning of config.warnings) logger.warn("configuration", { warning });
  await failpoints.hit("config-loaded");
  await checkAssets(deps.backends, config);
  const options: SandboxOptions = {
    config,
    namespace: deps.namespace,
    socket: deps.socket,
    bundle: request.bundle,
    size: vmSize(config.hypervisor, facts, sys.cpuCount(), mostVcpusHere(sys, config.hypervisor.name)),
    netns: facts.netns,
    cgroupsPath: facts.cgroupsPath,
    sysctl: facts.sysctl,
    guest: {
      id: request.id,
      hostname: facts.hostname,
      dns: facts.dns,
      shmBytes: facts.shmBytes,
      sharedPidNamespace: facts.sharedPidNamespace,
      kernelModules: config.agent.kernelModules,
    },
  };
  return { config, options };
}

/** On a machine that Kata does not know, the VMM decides. */
function mostVcpusHere(sys: Sys, type: HypervisorType): number | undefined {
  const architecture = architectureOf(sys.uname().machine);
  return architecture === undefined ? undefined : mostVcpus(type, architecture);
}

/** What a specification asks its sandbox to be. `pod`: it stands for a pod rather than for a container. */
export function factsOfSpec(sys: Sys, spec: Spec, pod: boolean): SandboxFacts {
  const { linux, mounts } = spec;
  const shm = planVolumes(
    sys,
    mounts.filter(({ destination }) => destination === "/dev/shm"),
  ).find((volume) => volume.kind === "sandbox-shm");
  return {
    hostname: spec.hostname,
    dns: resolverLines(sys, mounts),
    shmBytes: shm?.sizeBytes ?? (pod ? POD_SHM_BYTES : undefined),
    sharedPidNamespace: sharesPidNamespace(spec),
    sysctl: pod ? linux.sysctl : {},
    netns: podNetns(linux.namespaces),
    cgroupsPath: linux.cgroupsPath,
    resources: linux.resources,
    annotations: spec.annotations,
  };
}
