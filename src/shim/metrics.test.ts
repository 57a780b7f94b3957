import { describe, expect, test } from "vitest";
import { unpackAny } from "../wire/any.ts";
import { StatsContainerResponse } from "../wire/gen/agent/agent.ts";
import * as v1 from "../wire/gen/cgroups/v1/metrics.ts";
import * as v2 from "../wire/gen/cgroups/v2/metrics.ts";
import { toMetrics } from "./metrics.ts";

const stats = StatsContainerResponse.create({
  cgroupStats: {
    cpuStats: {
      cpuUsage: { totalUsage: 5_000_000n, usageInKernelmode: 2_000_000n, usageInUsermode: 3_000_000n },
      throttlingData: { periods: 9n, throttledPeriods: 2n, throttledTime: 7_000n },
    },
    memoryStats: {
      cache: 100n,
      usage: { usage: 4096n, maxUsage: 8192n, failcnt: 1n, limit: 65536n },
      swapUsage: { usage: 1n, limit: 2n },
      stats: { anon: 300n, file: 100n, inactive_file: 60n, pgfault: 11n },
    },
    pidsStats: { current: 3n, limit: 10n },
    blkioStats: {
      ioServiceBytesRecursive: [
        { major: 8n, minor: 0n, op: "Read", value: 512n },
        { major: 8n, minor: 0n, op: "Write", value: 1024n },
      ],
      ioServicedRecursive: [{ major: 8n, minor: 0n, op: "Read", value: 4n }],
    },
    hugetlbStats: { "2MB": { usage: 1n, maxUsage: 2n, failcnt: 3n } },
  },
  networkStats: [{ name: "eth0", rxBytes: 1n, txBytes: 2n }],
});

describe("toMetrics()", () => {
  test("of cgroup v1", () => {
    const metrics = unpackAny(toMetrics(stats, "legacy"), v1.Metrics);
    expect(metrics).toMatchObject({
      cpu: { usage: { total: 5_000_000n, kernel: 2_000_000n, user: 3_000_000n }, throttling: { throttledPeriods: 2n } },
      memory: { usage: { usage: 4096n, limit: 65536n, max: 8192n }, rss: 300n, totalInactiveFile: 60n, pgFault: 11n },
      pids: { current: 3n, limit: 10n },
      hugetlb: [{ pagesize: "2MB", usage: 1n, max: 2n, failcnt: 3n }],
      network: [{ name: "eth0", rxBytes: 1n, txBytes: 2n }],
    });
    expect(metrics.blkio?.ioServiceBytesRecursive.map(({ op, value }) => [op, value])).toEqual([
      ["Read", 512n],
      ["Write", 1024n],
    ]);
  });

  test("of cgroup v2", () => {
    expect(unpackAny(toMetrics(stats, "unified"), v2.Metrics)).toMatchObject({
      cpu: { usageUsec: 5000n, systemUsec: 2000n, userUsec: 3000n, nrThrottled: 2n, throttledUsec: 7n },
      memory: { usage: 4096n, usageLimit: 65536n, anon: 300n, file: 100n, inactiveFile: 60n },
      pids: { current: 3n, limit: 10n },
      io: { usage: [{ major: 8n, minor: 0n, rbytes: 512n, wbytes: 1024n, rios: 4n, wios: 0n }] },
      hugetlb: [{ pagesize: "2MB", current: 1n, max: 2n }],
    });
  });

  test("of an empty answer", () => {
    const empty = StatsContainerResponse.create({});
    expect(unpackAny(toMetrics(empty, "legacy"), v1.Metrics).memory?.usage?.usage).toBe(0n);
    expect(unpackAny(toMetrics(empty, "unified"), v2.Metrics).pids?.current).toBe(0n);
  });
});
