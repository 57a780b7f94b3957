import { expect, test } from "vitest";
import { criSuite, fullSetVersion } from "../support/cri/suite.ts";

// What a pod and its containers may use, and what is reported of it.

const MiB = 1024n * 1024n;
const sleep = "trap 'exit 0' TERM; while :; do sleep 1; done";
/** Reads the memory limit where the container's kernel keeps it: cgroup v2 or v1. */
const memoryLimit = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes";
const cpuQuota =
  "cat /sys/fs/cgroup/cpu.max 2>/dev/null || echo $(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us)";

criSuite([fullSetVersion], (suite) => {
  test("limits are in force, and can be changed", async () => {
    const pod = await suite.runPod();
    const resources = { memoryLimitInBytes: 64n * MiB, cpuQuota: 50_000n, cpuPeriod: 100_000n, cpuShares: 512n };
    const container = await pod.run("one", sleep, { linux: { resources } });
    expect(await container.sh(memoryLimit)).toBe(String(64n * MiB));
    expect(await container.sh(cpuQuota)).toBe("50000 100000");
    await suite.host.call("UpdateContainerResources", {
      containerId: container.id,
      linux: { memoryLimitInBytes: 96n * MiB, cpuQuota: 80_000n, cpuPeriod: 100_000n },
    });
    expect(await container.sh(memoryLimit)).toBe(String(96n * MiB));
    expect(await container.sh(cpuQuota)).toBe("80000 100000");
    await pod.remove();
  });

  test("a container that uses more memory than it may is killed for that reason; others are not", async () => {
    const pod = await suite.runPod();
    const neighbour = await pod.run("neighbour", sleep);
    const resources = { memoryLimitInBytes: 16n * MiB, memorySwapLimitInBytes: 16n * MiB };
    const hungry = await pod.run("hungry", "exec dd if=/dev/zero of=/dev/null bs=64M count=1", {
      linux: { resources },
    });
    expect(await hungry.ended()).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
    expect(await neighbour.sh("echo alive")).toBe("alive");
    await pod.remove();
  });

  test("statistics of containers and pods", async () => {
    const { host } = suite;
    const pod = await suite.runPod();
    const container = await pod.run("one", "cat /dev/zero | head -c 30000000 > /dev/shm/x; exec sleep 1000");
    const other = await pod.run("two", sleep);
    await expect
      .poll(() => container.sh("stat -c %s /dev/shm/x; cat /proc/1/comm"), { timeout: 60_000 })
      .toBe("30000000\nsleep");
    const stats = async () => (await host.call("ContainerStats", { containerId: container.id })).stats;
    const first = await stats();
    expect(first?.attributes?.id).toBe(container.id);
    expect(first?.cpu?.usageCoreNanoSeconds?.value).toBeGreaterThan(1_000_000n);
    expect(first?.memory?.workingSetBytes?.value).toBeGreaterThan(20n * MiB);
    await container.sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
    const second = await stats();
    const cpuTime = (of: typeof first): bigint => of?.cpu?.usageCoreNanoSeconds?.value ?? 0n;
    expect(cpuTime(second)).toBeGreaterThan(cpuTime(first));

    const ofPod = (await host.call("ListPodSandboxStats", {})).stats.find(
      ({ attributes }) => attributes?.id === pod.id,
    );
    expect(ofPod?.linux?.containers.map(({ attributes }) => attributes?.id).sort()).toEqual(
      [container.id, other.id].sort(),
    );
    expect(ofPod?.linux?.cpu?.usageCoreNanoSeconds?.value).toBeGreaterThan(0n);
    expect(ofPod?.linux?.memory?.workingSetBytes?.value).toBeGreaterThan(20n * MiB);
    expect(ofPod?.linux?.network?.defaultInterface?.name).toBe("eth0");
    await pod.remove();
  });
});
