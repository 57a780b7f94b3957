import { describe, expect, test } from "vitest";
import { LinuxResources } from "../../wire/gen/agent/oci.ts";
import { parseFlat } from "./cgroup.ts";
import { cgroupStats, networkStats } from "./stats.ts";
import { cpuWeight, planUpdate } from "./update.ts";

const files: Readonly<Record<string, string>> = {
  "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 7\nnr_throttled 2\nthrottled_usec 30\n",
  "memory.stat": "anon 4096\nfile 8192\nkernel 100\n",
  "memory.current": "12288\n",
  "memory.peak": "20480\n",
  "memory.max": "67108864\n",
  "memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n",
  "memory.swap.current": "0\n",
  "memory.swap.max": "max\n",
  "pids.current": "4\n",
  "pids.max": "max\n",
  "io.stat": "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n254:16 rbytes=1\n",
  "hugetlb.2MB.current": "2097152\n",
  "hugetlb.2MB.events": "max 5\n",
};

describe("cgroupStats()", () => {
  test("puts v2 numbers into v1 shape", () => {
    const stats = cgroupStats((file) => files[file]);
    expect(stats.cpuStats).toEqual({
      cpuUsage: { totalUsage: 1_500_000n, percpuUsage: [], usageInKernelmode: 500_000n, usageInUsermode: 1_000_000n },
      throttlingData: { periods: 7n, throttledPeriods: 2n, throttledTime: 30_000n },
    });
    expect(stats.memoryStats?.usage).toEqual({ usage: 12288n, maxUsage: 20480n, failcnt: 3n, limit: 67108864n });
    expect(stats.memoryStats?.swapUsage?.limit).toBe(9223372036854771712n);
    expect(stats.memoryStats?.cache).toBe(8192n);
    expect(stats.memoryStats?.stats.anon).toBe(4096n);
    expect(stats.pidsStats).toEqual({ current: 4n, limit: 0n });
    expect(stats.blkioStats?.ioServiceBytesRecursive).toEqual([
      { major: 8n, minor: 0n, op: "Read", value: 10n },
      { major: 8n, minor: 0n, op: "Write", value: 20n },
      { major: 254n, minor: 16n, op: "Read", value: 1n },
    ]);
    expect(stats.hugetlbStats).toEqual({ "2MB": { usage: 2097152n, maxUsage: 0n, failcnt: 5n } });
  });

  test("gives zeros when no controller is there", () => {
    const stats = cgroupStats(() => undefined);
    expect(stats.cpuStats?.cpuUsage?.totalUsage).toBe(0n);
    expect(stats.hugetlbStats).toEqual({});
  });
});

describe("networkStats()", () => {
  test("reads /proc/net/dev without loopback", () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1 2 0 0 0 0 0 0 1 2 0 0 0 0 0 0
  eth0: 10 11 12 13 0 0 0 0 20 21 22 23 0 0 0 0
`;
    expect(networkStats(text)).toEqual([
      {
        name: "eth0",
        rxBytes: 10n,
        rxPackets: 11n,
        rxErrors: 12n,
        rxDropped: 13n,
        txBytes: 20n,
        txPackets: 21n,
        txErrors: 22n,
        txDropped: 23n,
      },
    ]);
  });
});

test("parseFlat() ignores what is no number", () => {
  expect([...parseFlat("a 1\nb max\nc -1\nd 99999999999999999999\n\n")]).toEqual([
    ["a", 1n],
    ["d", 99999999999999999999n],
  ]);
});

describe("planUpdate()", () => {
  const plan = (resources: Parameters<typeof LinuxResources.create>[0]) => planUpdate(LinuxResources.create(resources));
  test.each([
    [{}, []],
    [{ CPU: { Shares: 1024n } }, [{ file: "cpu.weight", value: "39" }]],
    [{ CPU: { Quota: 50000n, Period: 100000n } }, [{ file: "cpu.max", value: "50000 100000" }]],
    [{ CPU: { Quota: -1n } }, [{ file: "cpu.max", value: "max" }]],
    [{ CPU: { Cpus: "0-1" } }, [{ file: "cpuset.cpus", value: "0-1" }]],
    [{ Memory: { Limit: 100n } }, [{ file: "memory.max", value: "100" }]],
    [
      { Memory: { Limit: -1n, Swap: -1n } },
      [
        { file: "memory.swap.max", value: "max" },
        { file: "memory.max", value: "max" },
      ],
    ],
    [
      { Memory: { Limit: 100n, Swap: 150n, Reservation: 50n } },
      [
        { file: "memory.swap.max", value: "50" },
        { file: "memory.max", value: "100" },
        { file: "memory.low", value: "50" },
      ],
    ],
    [{ Pids: { Limit: -1n } }, [{ file: "pids.max", value: "max" }]],
    [
      { BlockIO: { Weight: 10, ThrottleReadBpsDevice: [{ Major: 8n, Minor: 0n, Rate: 5n }] } },
      [
        { file: "io.weight", value: "default 10" },
        { file: "io.max", value: "8:0 rbps=5" },
      ],
    ],
    [{ HugepageLimits: [{ Pagesize: "2MB", Limit: 4n }] }, [{ file: "hugetlb.2MB.max", value: "4" }]],
  ])("case %#", (resources, writes) => expect(plan(resources)).toEqual(writes));

  test("refuses what the kernel could not mean", () => {
    expect(() => plan({ Memory: { Limit: 100n, Swap: 50n } })).toThrow(/must not be below/);
    expect(() => plan({ Memory: { Swap: 50n } })).toThrow(/needs a memory limit/);
    expect(() => plan({ CPU: { Cpus: "0\n1" } })).toThrow(/list such as/);
    expect(() => plan({ HugepageLimits: [{ Pagesize: "../x", Limit: 4n }] })).toThrow(/look like 2MB/);
  });

  test("cpuWeight() maps the ends of the range", () => {
    expect([cpuWeight(0n), cpuWeight(2n), cpuWeight(262144n), cpuWeight(1n << 40n)]).toEqual([1n, 1n, 10000n, 10000n]);
  });
});
