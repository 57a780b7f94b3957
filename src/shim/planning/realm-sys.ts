import type { ConfigSys } from "../../config/evaluate.ts";
import { linuxFiles } from "../../sys/linux/files.ts";
import { linuxProcesses } from "../../sys/linux/processes.ts";
import { linuxSystem } from "../../sys/linux/system.ts";
import type { CacheSys } from "./config-cache.ts";
import type { PlanningDeps } from "./plan-sandbox.ts";

/** What planning needs of the system, and no more: a realm loads all of its modules' code. */
export const realmSys: ConfigSys & CacheSys & PlanningDeps["sys"] = {
  ...linuxFiles,
  ...linuxProcesses,
  ...linuxSystem,
};
