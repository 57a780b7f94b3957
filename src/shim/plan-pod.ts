import { KataError } from "../base/error.ts";
import { netnsAt } from "../resource/network/netns.ts";
import { holds, unpackAny } from "../wire/any.ts";
import type { CreateSandboxRequest } from "../wire/gen/containerd/sandbox/v1/sandbox.ts";
import { PodSandboxConfig } from "../wire/gen/cri/v1/pod_sandbox.ts";
import type { Any } from "../wire/gen/google/protobuf/any.ts";
import { configPath } from "./config-path.ts";
import { kataAnnotations } from "./kata-annotations.ts";
import { factsOfSpec, type PlanDeps, type PlannedSandbox, planSandbox, type SandboxFacts } from "./plan-sandbox.ts";
import { factsOfPodConfig } from "./pod-config.ts";

/**
 * Plans a sandbox that the sandbox API asks for: by the bundle's config.json where there is one, or else by the pod's
 * configuration, which containerd's CRI plugin sends instead. A network namespace in the request wins. Throws KataError.
 */
export async function planPod(deps: PlanDeps, request: CreateSandboxRequest): Promise<PlannedSandbox> {
  const { sandboxId, bundlePath, netnsPath, options } = request;
  if (!bundlePath.startsWith("/") || bundlePath.split("/").includes("..")) {
    throw new KataError(
      "invalid-argument",
      `The bundle must be an absolute path without .., got ${JSON.stringify(bundlePath.slice(0, 200))}`,
      { field: "bundle_path" },
    );
  }
  const asked = factsOf(deps, bundlePath, options);
  const annotations = { ...asked.annotations, ...kataAnnotations(request.annotations) };
  const netns = netnsPath === "" ? asked.netns : netnsAt(netnsPath, "netns_path");
  const facts = { ...asked, annotations, netns };
  return planSandbox(deps, { id: sandboxId, bundle: bundlePath, configPath: configPath(options) }, facts);
}

function factsOf({ sys, logger, documents }: PlanDeps, bundle: string, options: Any | undefined): SandboxFacts {
  const pod =
    options !== undefined && holds(options, PodSandboxConfig)
      ? factsOfPodConfig(unpackAny(options, PodSandboxConfig))
      : undefined;
  if (!sys.exists(`${bundle}/config.json`)) return pod ?? factsOfPodConfig(PodSandboxConfig.create({}));
  const { spec, warnings } = documents.bundle(bundle);
  for (const warning of warnings) logger.warn("specification", { warning });
  if (Object.values(spec.hooks).some((hooks) => hooks.length > 0)) {
    logger.warn("hooks of a sandbox are not run: it is no container");
  }
  const facts = factsOfSpec(sys, spec, true);
  return { ...facts, sharedPidNamespace: facts.sharedPidNamespace || (pod?.sharedPidNamespace ?? false) };
}
