import type { CgroupMode } from "../resource/cgroup.ts";
import { packAny } from "../wire/any.ts";
import type { StatsContainerResponse } from "../wire/gen/agent/agent.ts";
import * as v1 from "../wire/gen/cgroups/v1/metrics.ts";
import * as v2 from "../wire/gen/cgroups/v2/metrics.ts";
import type { Any } from "../wire/gen/google/protobuf/any.ts";

const NS_PER_US = 1000n;

/** A container's statistics in the message that containerd expects on a host of this cgroup mode. */
export function toMetrics(stats: StatsContainerResponse, mode: CgroupMode): Any {
  return mode === "legacy" ? packAny(v1.Metrics, toV1(stats)) : packAny(v2.Metrics, toV2(stats));
}

function toV1({ cgroupStats, networkStats }: StatsContainerResponse): v1.Metrics {
  const { cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats } = cgroupStats ?? {};
  const usage = cpuStats?.cpuUsage;
  const throttling = cpuStats?.throttlingData;
  const memory = memoryStats?.stats ?? {};
  const { usage: used, swapUsage, kernelUsage } = memoryStats ?? {};
  return v1.Metrics.create({
    hugetlb: Object.entries(hugetlbStats ?? {}).map(([pagesize, entry]) => ({
      usage: entry.usage,
      max: entry.maxUsage,
      failcnt: entry.failcnt,
      pagesize,
    })),
    pids: { current: pidsStats?.current, limit: pidsStats?.limit },
    cpu: {
      usage: {
        total: usage?.totalUsage,
        kernel: usage?.usageInKernelmode,
        user: usage?.usageInUsermode,
        perCpu: usage?.percpuUsage,
      },
      throttling: {
        periods: throttling?.periods,
        throttledPeriods: throttling?.throttledPeriods,
        throttledTime: throttling?.throttledTime,
      },
    },
    memory: {
      cache: memoryStats?.cache,
      rss: memory.anon ?? memory.rss,
      mappedFile: memory.file_mapped ?? memory.mapped_file,
      dirty: memory.file_dirty ?? memory.dirty,
      pgFault: memory.pgfault,
      pgMajFault: memory.pgmajfault,
      inactiveAnon: memory.inactive_anon,
      activeAnon: memory.active_anon,
      inactiveFile: memory.inactive_file,
      activeFile: memory.active_file,
      unevictable: memory.unevictable,
      // Readers of these messages compute the working set from the hierarchical numbers.
      totalCache: memoryStats?.cache,
      totalRss: memory.anon ?? memory.total_rss,
      totalInactiveFile: memory.total_inactive_file ?? memory.inactive_file,
      totalActiveFile: memory.total_active_file ?? memory.active_file,
      totalPgFault: memory.total_pgfault ?? memory.pgfault,
      totalPgMajFault: memory.total_pgmajfault ?? memory.pgmajfault,
      usage: entryV1(used),
      swap: entryV1(swapUsage),
      kernel: entryV1(kernelUsage),
    },
    blkio: {
      ioServiceBytesRecursive: (blkioStats?.ioServiceBytesRecursive ?? []).map(blockV1),
      ioServicedRecursive: (blkioStats?.ioServicedRecursive ?? []).map(blockV1),
    },
    network: networkStats,
  });
}

function entryV1(data: { usage: bigint; maxUsage: bigint; failcnt: bigint; limit: bigint } | undefined) {
  return { limit: data?.limit, usage: data?.usage, max: data?.maxUsage, failcnt: data?.failcnt };
}

function blockV1({ major, minor, op, value }: { major: bigint; minor: bigint; op: string; value: bigint }) {
  return { op, device: "", major, minor, value };
}

function toV2({ cgroupStats }: StatsContainerResponse): v2.Metrics {
  const { cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats } = cgroupStats ?? {};
  const usage = cpuStats?.cpuUsage;
  const throttling = cpuStats?.throttlingData;
  const memory = memoryStats?.stats ?? {};
  const us = (ns: bigint | undefined) => (ns ?? 0n) / NS_PER_US;
  return v2.Metrics.create({
    pids: { current: pidsStats?.current, limit: pidsStats?.limit },
    cpu: {
      usageUsec: us(usage?.totalUsage),
      userUsec: us(usage?.usageInUsermode),
      systemUsec: us(usage?.usageInKernelmode),
      nrPeriods: throttling?.periods,
      nrThrottled: throttling?.throttledPeriods,
      throttledUsec: us(throttling?.throttledTime),
    },
    memory: {
      anon: memory.anon,
      file: memory.file ?? memoryStats?.cache,
      kernelStack: memory.kernel_stack,
      slab: memory.slab,
      sock: memory.sock,
      shmem: memory.shmem,
      fileMapped: memory.file_mapped,
      fileDirty: memory.file_dirty,
      fileWriteback: memory.file_writeback,
      anonThp: memory.anon_thp,
      inactiveAnon: memory.inactive_anon,
      activeAnon: memory.active_anon,
      inactiveFile: memory.inactive_file,
      activeFile: memory.active_file,
      unevictable: memory.unevictable,
      slabReclaimable: memory.slab_reclaimable,
      slabUnreclaimable: memory.slab_unreclaimable,
      pgfault: memory.pgfault,
      pgmajfault: memory.pgmajfault,
      usage: memoryStats?.usage?.usage,
      usageLimit: memoryStats?.usage?.limit,
      swapUsage: memoryStats?.swapUsage?.usage,
      swapLimit: memoryStats?.swapUsage?.limit,
    },
    io: { usage: ioV2(blkioStats?.ioServiceBytesRecursive ?? [], blkioStats?.ioServicedRecursive ?? []) },
    hugetlb: Object.entries(hugetlbStats ?? {}).map(([pagesize, entry]) => ({
      current: entry.usage,
      max: entry.maxUsage,
      pagesize,
    })),
  });
}

type BlockEntry = { readonly major: bigint; readonly minor: bigint; readonly op: string; readonly value: bigint };

/** One entry a device, from entries by device and operation. */
function ioV2(bytes: readonly BlockEntry[], operations: readonly BlockEntry[]): v2.IOEntry[] {
  const devices = new Map<string, v2.IOEntry>();
  const add = (
    entries: readonly BlockEntry[],
    fields: Readonly<Record<string, "rbytes" | "wbytes" | "rios" | "wios">>,
  ) => {
    for (const { major, minor, op, value } of entries) {
      const field = fields[op.toLowerCase()];
      if (field === undefined) continue;
      const key = `${major}:${minor}`;
      const entry = devices.get(key) ?? v2.IOEntry.create({ major, minor });
      entry[field] += value;
      devices.set(key, entry);
    }
  };
  add(bytes, { read: "rbytes", write: "wbytes" });
  add(operations, { read: "rios", write: "wios" });
  return [...devices.values()];
}
