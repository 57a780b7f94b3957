import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import { readProcessStat } from "../sys/proc.ts";

/**
 * Whether a thread of a VMM runs, waits for a CPU, or waits for a disk (states R and D, proc(5)). One that is stopped, or
 * whose guest has nothing to do, is calm.
 */
export function vmIsBusy(sys: Pick<FilesPort, "readDir" | "readText">, pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return sys
      .readDir(`/proc/${pid}/task`)
      .some(({ name }) => /^[RD]/.test(readProcessStat(sys, Number(name), `/proc/${pid}/task`)?.state ?? ""));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return false;
    throw error;
  }
}
