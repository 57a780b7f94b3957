import { architectureOf } from "../../config/architecture.ts";
import type { HypervisorType } from "../../config/hypervisor-type.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import { mostVcpus } from "../../hypervisor/most-vcpus.ts";
import type { Annotations } from "../../oci/spec.ts";
import { vmSize } from "../../resource/sizing.ts";
import { atStage } from "../../sandbox/stages.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { SystemPort } from "../../sys/port/system.ts";
import { kataAnnotations } from "./kata-annotations.ts";
import type { Note, SandboxFacts, SandboxPlan } from "./planner.ts";

/** What planning needs of its surroundings. */
export interface PlanningDeps {
  readonly sys: FilesPort & Pick<SystemPort, "cpuCount" | "nowMs" | "uname">;
  /** See `loadRuntimeConfig`; an empty path stands for the host's configuration. */
  readonly config: (path: string, annotations: Annotations) => RuntimeConfig;
}

/** Reads the configuration, and sizes the VM. Throws KataError. */
export function planSandbox(
  { sys, config: load }: PlanningDeps,
  configPath: string,
  facts: SandboxFacts,
  notes: readonly Note[] = [],
): SandboxPlan {
  const startedAt = sys.nowMs();
  let config: RuntimeConfig;
  try {
    config = load(configPath, kataAnnotations(facts.annotations));
  } catch (error) {
    throw atStage("load-config", error);
  }
  const configMs = Number((sys.nowMs() - startedAt).toFixed(2));
  const size = vmSize(config.hypervisor, facts, sys.cpuCount(), mostVcpusHere(sys, config.hypervisor.name));
  return { config, configMs, facts, size, notes };
}

/** On a machine that Kata does not know, the VMM decides. */
function mostVcpusHere(sys: Pick<SystemPort, "uname">, type: HypervisorType): number | undefined {
  const architecture = architectureOf(sys.uname().machine);
  return architecture === undefined ? undefined : mostVcpus(type, architecture);
}
