import type { ConfigSys } from "../../config/evaluate.ts";
import { linuxFiles } from "../../sys/linux/files.ts";
import { linuxProcesses } from "../../sys/linux/processes.ts";
import { linuxSystem } from "../../sys/linux/system.ts";
import type { CacheSys } from "./config-cache.ts";

/** What loading a configuration needs of the system, and no more: a realm loads all of its modules' code. */
export const configSys: ConfigSys & CacheSys = { ...linuxFiles, ...linuxProcesses, ...linuxSystem };
