import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import { readProcessStat } from "../sys/proc.ts";
import { StatsContainerResponse } from "../wire/gen/agent/agent.ts";

/** /proc counts CPU time in ticks of 10 ms on every architecture (USER_HZ, time(7)). */
const NS_PER_TICK = 10_000_000n;
const KIB = 1024n;

/** What processes use on the host, in the form of a container's statistics: CPU time, resident memory, threads. */
export function hostStats(sys: FilesPort, pids: readonly number[]): StatsContainerResponse {
  let [user, system, anonymous, file, shared, threads] = [0n, 0n, 0n, 0n, 0n, 0n];
  for (const pid of pids) {
    const stat = readProcessStat(sys, pid);
    const status = readStatus(sys, pid);
    if (stat === undefined || status === undefined) continue;
    user += stat.userTicks * NS_PER_TICK;
    system += stat.systemTicks * NS_PER_TICK;
    anonymous += kib(status, "RssAnon");
    file += kib(status, "RssFile");
    shared += kib(status, "RssShmem");
    threads += BigInt(stat.threads);
  }
  return StatsContainerResponse.create({
    cgroupStats: {
      cpuStats: { cpuUsage: { totalUsage: user + system, usageInUsermode: user, usageInKernelmode: system } },
      memoryStats: {
        cache: file + shared,
        usage: { usage: anonymous + file + shared },
        stats: { anon: anonymous, file: file + shared, shmem: shared, file_mapped: file },
      },
      pidsStats: { current: threads },
    },
  });
}

/** /proc/PID/status; undefined when the process is gone. */
function readStatus(sys: FilesPort, pid: number): string | undefined {
  try {
    return sys.readText(`/proc/${pid}/status`);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

function kib(status: string, name: string): bigint {
  return BigInt(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * KIB;
}
