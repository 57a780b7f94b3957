import type { Logger } from "../../base/logger.ts";
import type { Sys } from "../../sys/sys.ts";
import { prepareCgroups } from "./cgroups.ts";
import { leaveInitramfs, mountForContainers } from "./mounts.ts";

/** Open files that the agent and, by inheritance, containers may have. */
const MAX_OPEN_FILES = 1_048_576n;

/** The duties of PID 1 that containers depend on: mounts, root, cgroups, limits, a host name. */
export function initialise(deps: { readonly sys: Sys; readonly logger: Logger }): void {
  const { sys, logger } = deps;
  mountForContainers(sys);
  leaveInitramfs(sys);
  const steps: readonly [string, () => void][] = [
    ["cgroups", () => prepareCgroups(deps)],
    ["open files", () => sys.setRlimit("nofile", MAX_OPEN_FILES, MAX_OPEN_FILES)],
    ["umask", () => void sys.umask(0o022)],
    ["hostname", () => sys.setHostname("kata")],
  ];
  for (const [what, step] of steps) {
    try {
      step();
    } catch (error) {
      // The host learns of it when it asks for what is missing; a guest that is up is more use than one that is not.
      logger.warn("init step failed", { what, error: error instanceof Error ? error : undefined });
    }
  }
}
