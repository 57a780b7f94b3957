import { KataError } from "../../base/error.ts";
import { loadBundle } from "../../oci/bundle.ts";
import { netnsAt } from "../../resource/network/netns.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { holds, unpackAny } from "../../wire/any.ts";
import { PodSandboxConfig } from "../../wire/gen/cri/v1/pod_sandbox.ts";
import { kataAnnotations } from "./kata-annotations.ts";
import { type PlanningDeps, planSandbox } from "./plan-sandbox.ts";
import type { Note, PodQuestion, SandboxFacts, SandboxPlan } from "./planner.ts";
import { factsOfPodConfig } from "./pod-config.ts";
import { factsOfSpec } from "./sandbox-facts.ts";

/**
 * Plans a sandbox that the sandbox API asks for: by the bundle's config.json where there is one, or else by the pod's
 * configuration, which containerd's CRI plugin sends instead. A network namespace in the request wins. Throws KataError.
 */
export function planPod(deps: PlanningDeps, question: PodQuestion): SandboxPlan {
  const { bundle, netnsPath, configPath } = question;
  if (!bundle.startsWith("/") || bundle.split("/").includes("..")) {
    throw new KataError(
      "invalid-argument",
      `The bundle must be an absolute path without .., got ${JSON.stringify(bundle.slice(0, 200))}`,
      { field: "bundle_path" },
    );
  }
  const { facts: asked, notes } = factsOf(deps.sys, question);
  const annotations = { ...asked.annotations, ...kataAnnotations(question.annotations) };
  const netns = netnsPath === "" ? asked.netns : netnsAt(netnsPath, "netns_path");
  return planSandbox(deps, configPath, { ...asked, annotations, netns }, notes);
}

function factsOf(
  sys: FilesPort,
  { bundle, options }: PodQuestion,
): { readonly facts: SandboxFacts; readonly notes: readonly Note[] } {
  const pod =
    options !== undefined && holds(options, PodSandboxConfig)
      ? factsOfPodConfig(unpackAny(options, PodSandboxConfig))
      : undefined;
  if (!sys.exists(`${bundle}/config.json`)) {
    return { facts: pod ?? factsOfPodConfig(PodSandboxConfig.create({})), notes: [] };
  }
  const { spec, warnings } = loadBundle(sys, bundle);
  const notes = warnings.map((warning): Note => ({ level: "warn", message: "specification", fields: { warning } }));
  if (Object.values(spec.hooks).some((hooks) => hooks.length > 0)) {
    notes.push({ level: "warn", message: "hooks of a sandbox are not run: it is no container" });
  }
  const facts = factsOfSpec(sys, spec, true);
  const sharedPidNamespace = facts.sharedPidNamespace || (pod?.sharedPidNamespace ?? false);
  return { facts: { ...facts, sharedPidNamespace }, notes };
}
