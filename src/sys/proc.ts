import { isErrno } from "./error.ts";
import type { FilesPort } from "./port/files.ts";

/** One process as /proc/PID/stat shows it (proc(5)). */
export interface ProcessStat {
  readonly comm: string;
  /** `R`, `S`, `D`, `Z`... */
  readonly state: string;
  readonly parentPid: number;
  /** CPU time in its own code and in the kernel, in clock ticks. */
  readonly userTicks: bigint;
  readonly systemTicks: bigint;
  readonly threads: number;
  /** Start time in clock ticks after boot: with the pid it identifies a process for ever. */
  readonly startTicks: string;
}

/** Reads /proc/PID/stat; undefined when there is no such process. Threads are found below `/proc/PID/task`. */
export function readProcessStat(
  sys: Pick<FilesPort, "readText">,
  pid: number,
  directory = "/proc",
): ProcessStat | undefined {
  let text: string;
  try {
    text = sys.readText(`${directory}/${pid}/stat`);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const rest = text.slice(close + 2).split(" ");
  return {
    comm: text.slice(open + 1, close),
    state: rest[0] ?? "",
    parentPid: Number(rest[1]),
    userTicks: BigInt(rest[11] ?? 0),
    systemTicks: BigInt(rest[12] ?? 0),
    threads: Number(rest[17]),
    startTicks: rest[19] ?? "",
  };
}

/** The start time of a process that is alive; undefined when it is gone or a zombie. */
export function processStartTicks(sys: Pick<FilesPort, "readText">, pid: number): string | undefined {
  const stat = readProcessStat(sys, pid);
  return stat === undefined || stat.state === "Z" || stat.state === "X" ? undefined : stat.startTicks;
}

/** The pids of a process's children; none where the kernel does not tell. */
export function childrenOf(sys: Pick<FilesPort, "readText">, pid: number): number[] {
  try {
    return sys.readText(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return [];
    throw error;
  }
}
