import type { CreateSandboxRequest } from "../wire/gen/containerd/sandbox/v1/sandbox.ts";
import { configPath } from "./config-path.ts";
import { type PrepareDeps, type PreparedSandbox, prepareSandbox } from "./prepare-sandbox.ts";

/** Plans a sandbox that the sandbox API asks for, and checks its files. Throws KataError. */
export function preparePod(deps: PrepareDeps, request: CreateSandboxRequest): Promise<PreparedSandbox> {
  const { sandboxId, bundlePath, netnsPath, annotations, options } = request;
  const plan = deps.planner.pod({
    bundle: bundlePath,
    netnsPath,
    annotations,
    // The bytes alone, and not the whole message that they are a view into.
    options: options === undefined ? undefined : { ...options, value: options.value.slice() },
    configPath: configPath(options) || deps.configPath,
  });
  return prepareSandbox(deps, { id: sandboxId, bundle: bundlePath }, plan);
}
