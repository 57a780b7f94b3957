import type { Logger } from "../../base/logger.ts";
import type { Sys } from "../../sys/sys.ts";
import { CGROUP_ROOT, CONTAINER_PARENT } from "../cgroup/cgroup.ts";

/** The agent's own leaf: a cgroup that has processes cannot give controllers to its children. */
const AGENT_LEAF = "/agent";

/** Gives every controller to the containers' parent cgroup, and moves the agent out of the way. */
export function prepareCgroups(deps: { readonly sys: Sys; readonly logger: Logger }): void {
  const { sys, logger } = deps;
  sys.mkdirAll(`${CGROUP_ROOT}${AGENT_LEAF}`);
  sys.writeFile(`${CGROUP_ROOT}${AGENT_LEAF}/cgroup.procs`, String(sys.pid()));
  enableControllers(deps, CGROUP_ROOT);
  sys.mkdirAll(`${CGROUP_ROOT}${CONTAINER_PARENT}`);
  enableControllers(deps, `${CGROUP_ROOT}${CONTAINER_PARENT}`);
  logger.debug("cgroups ready");
}

function enableControllers({ sys, logger }: { readonly sys: Sys; readonly logger: Logger }, dir: string): void {
  const all = sys.readText(`${dir}/cgroup.controllers`).trim().split(" ");
  const wanted = all.filter((name) => name !== "");
  try {
    sys.writeFile(`${dir}/cgroup.subtree_control`, wanted.map((name) => `+${name}`).join(" "));
  } catch {
    // One that the kernel refuses must not cost the others.
    for (const name of wanted) {
      try {
        sys.writeFile(`${dir}/cgroup.subtree_control`, `+${name}`);
      } catch (error) {
        logger.warn("cgroup controller not enabled", {
          controller: name,
          error: error instanceof Error ? error : undefined,
        });
      }
    }
  }
}
