import type {
  BlkioStatsEntry,
  CgroupStats,
  HugetlbStats,
  MemoryData,
  NetworkStats,
} from "../../wire/gen/agent/agent.ts";
import { parseFlat } from "./cgroup.ts";

/** Reads one file of the cgroup, undefined when it is not there. */
export type ReadFile = (file: string) => string | undefined;

/** cgroup v1's number for "no limit" in bytes, which consumers of the v1-shaped message compare with. */
const NO_LIMIT = 9223372036854771712n;
const MICROSECOND = 1000n;
const HUGE_PAGE_SIZES = ["64KB", "2MB", "32MB", "1GB"];

/** A container's usage from its cgroup v2 files in the v1-shaped message of the wire API. Times are nanoseconds. */
export function cgroupStats(read: ReadFile): CgroupStats {
  return {
    cpuStats: cpuStats(parseFlat(read("cpu.stat") ?? "")),
    memoryStats: {
      cache: parseFlat(read("memory.stat") ?? "").get("file") ?? 0n,
      usage: memoryData(read, "memory", "max"),
      swapUsage: memoryData(read, "memory.swap", "max"),
      kernelUsage: {
        usage: parseFlat(read("memory.stat") ?? "").get("kernel") ?? 0n,
        maxUsage: 0n,
        failcnt: 0n,
        limit: NO_LIMIT,
      },
      useHierarchy: true,
      stats: Object.fromEntries(parseFlat(read("memory.stat") ?? "")),
    },
    pidsStats: { current: single(read("pids.current")) ?? 0n, limit: single(read("pids.max")) ?? 0n },
    blkioStats: {
      ioServiceBytesRecursive: ioEntries(read("io.stat") ?? "", { rbytes: "Read", wbytes: "Write" }),
      ioServicedRecursive: ioEntries(read("io.stat") ?? "", { rios: "Read", wios: "Write" }),
      ioQueuedRecursive: [],
      ioServiceTimeRecursive: [],
      ioWaitTimeRecursive: [],
      ioMergedRecursive: [],
      ioTimeRecursive: [],
      sectorsRecursive: [],
    },
    hugetlbStats: hugetlbStats(read),
  };
}

function cpuStats(stat: ReadonlyMap<string, bigint>): CgroupStats["cpuStats"] {
  const nanoseconds = (key: string) => (stat.get(key) ?? 0n) * MICROSECOND;
  return {
    cpuUsage: {
      totalUsage: nanoseconds("usage_usec"),
      percpuUsage: [],
      usageInKernelmode: nanoseconds("system_usec"),
      usageInUsermode: nanoseconds("user_usec"),
    },
    throttlingData: {
      periods: stat.get("nr_periods") ?? 0n,
      throttledPeriods: stat.get("nr_throttled") ?? 0n,
      throttledTime: nanoseconds("throttled_usec"),
    },
  };
}

/** `failcnt` counts how often the limit was hit, which is what v1 meant by it. */
function memoryData(read: ReadFile, prefix: string, limitEvent: string): MemoryData {
  return {
    usage: single(read(`${prefix}.current`)) ?? 0n,
    maxUsage: single(read(`${prefix}.peak`)) ?? 0n,
    failcnt: parseFlat(read(`${prefix}.events`) ?? "").get(limitEvent) ?? 0n,
    limit: single(read(`${prefix}.max`)) ?? NO_LIMIT,
  };
}

/** A single number; `max` and absence give undefined. */
function single(text: string | undefined): bigint | undefined {
  const trimmed = text?.trim() ?? "";
  return /^\d{1,20}$/.test(trimmed) ? BigInt(trimmed) : undefined;
}

/** Lines such as `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`. */
function ioEntries(text: string, operations: Readonly<Record<string, string>>): BlkioStatsEntry[] {
  const entries: BlkioStatsEntry[] = [];
  for (const line of text.split("\n")) {
    const [device, ...pairs] = line.split(" ");
    const numbers = /^(\d+):(\d+)$/.exec(device ?? "");
    if (numbers?.[1] === undefined || numbers[2] === undefined) continue;
    for (const pair of pairs) {
      const [key = "", value = ""] = pair.split("=");
      const op = operations[key];
      if (op === undefined || !/^\d{1,20}$/.test(value)) continue;
      entries.push({ major: BigInt(numbers[1]), minor: BigInt(numbers[2]), op, value: BigInt(value) });
    }
  }
  return entries;
}

function hugetlbStats(read: ReadFile): { [key: string]: HugetlbStats } {
  const stats: { [key: string]: HugetlbStats } = {};
  for (const size of HUGE_PAGE_SIZES) {
    const usage = single(read(`hugetlb.${size}.current`));
    if (usage === undefined) continue;
    const failcnt = parseFlat(read(`hugetlb.${size}.events`) ?? "").get("max") ?? 0n;
    stats[size] = { usage, maxUsage: 0n, failcnt };
  }
  return stats;
}

/** Interface counters from the text of /proc/net/dev, loopback left out. */
export function networkStats(procNetDev: string): NetworkStats[] {
  const stats: NetworkStats[] = [];
  for (const line of procNetDev.split("\n")) {
    const match = /^\s*([^\s:]+):\s*(.*)$/.exec(line);
    const name = match?.[1];
    const numbers = (match?.[2] ?? "").trim().split(/\s+/);
    if (name === undefined || name === "lo" || numbers.length < 12 || !numbers.every((text) => /^\d{1,20}$/.test(text)))
      continue;
    const at = (index: number) => BigInt(numbers[index] ?? "0");
    stats.push({
      name,
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    });
  }
  return stats;
}
