import { isErrno } from "../sys/error.ts";
import { processStartTicks } from "../sys/proc.ts";
import type { Sys } from "../sys/sys.ts";

/** A process that has to do with a directory. */
interface NamingProcess {
  readonly pid: number;
  /** With the pid it identifies the process for ever. */
  readonly startTicks: string;
  /** It is a VMM or one of its daemons, not somebody who looks at a log. */
  readonly isHelper: boolean;
}

const helpers = /^([^\0]*\/)?(qemu-system-[^\0/]*|virtiofsd|vhost-device-vsock)\0/;

/** Processes whose command line names one of these directories or something below it. */
export function processesNaming(sys: Sys, directories: readonly string[]): NamingProcess[] {
  const found: NamingProcess[] = [];
  for (const { name } of sys.readDir("/proc")) {
    const pid = Number(name);
    if (!/^\d+$/.test(name) || pid === sys.pid()) continue;
    const words = commandLine(sys, pid);
    // A path ends with the argument, or with what separates options in one.
    const names = directories.some((path) => words.replace(/[\0,/]/g, "/").includes(`${path}/`));
    const startTicks = names ? processStartTicks(sys, pid) : undefined;
    if (startTicks !== undefined) found.push({ pid, startTicks, isHelper: helpers.test(words) });
  }
  return found;
}

function commandLine(sys: Sys, pid: number): string {
  try {
    return `${sys.readText(`/proc/${pid}/cmdline`)}\0`;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH", "EACCES")) return "";
    throw error;
  }
}
