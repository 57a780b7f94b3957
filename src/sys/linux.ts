import { linuxFiles } from "./linux/files.ts";
import { linuxMounts } from "./linux/mounts.ts";
import { linuxPoll } from "./linux/poll.ts";
import { linuxProcesses } from "./linux/processes.ts";
import { linuxSockets } from "./linux/sockets.ts";
import { linuxSystem } from "./linux/system.ts";
import { linuxTerminals } from "./linux/terminals.ts";
import type { Sys } from "./sys.ts";

/** The real Linux, through the C bridge. Only native programs can load this module; programs get it from `runProgram`. */
export const linux: Sys = {
  ...linuxFiles,
  ...linuxMounts,
  ...linuxProcesses,
  ...linuxSockets,
  ...linuxTerminals,
  ...linuxSystem,
  ...linuxPoll,
};
