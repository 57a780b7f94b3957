import { describe, expect, test } from "vitest";
import { parseResources } from "../oci/parse-spec.ts";
import type { Annotations } from "../oci/spec.ts";
import { vmSize, wholeVcpus } from "./sizing.ts";

const config = { defaultVcpus: 1, defaultMaxVcpus: 4, defaultMemoryMib: 256, defaultMaxMemoryMib: 2048 };
const size = (resources: object | undefined, annotations: Annotations = {}, cpus = 8) =>
  vmSize(
    config,
    { resources: resources === undefined ? undefined : parseResources(JSON.stringify(resources)), annotations },
    cpus,
  );
const mib = 1024 * 1024;

describe("vmSize()", () => {
  test("without limits is the configured size", () => {
    expect(size(undefined)).toEqual({ vcpus: 1, maxVcpus: 4, memoryMib: 256, maxMemoryMib: 2048 });
  });

  test.each([
    [{ memory: { limit: 64 * mib } }, 320, 1],
    [{ memory: { limit: 64 * mib + 1 } }, 322, 1],
    [{ memory: { limit: mib } }, 258, 1],
    [{ memory: { limit: -1 } }, 256, 1],
    [{ memory: { limit: 0 } }, 256, 1],
    [{ hugepageLimits: [{ pageSize: "2MB", limit: 4 * mib }] }, 260, 1],
    [{ cpu: { quota: 50_000, period: 100_000 } }, 256, 2],
    [{ cpu: { quota: 300_000, period: 100_000 } }, 256, 4],
    [{ cpu: { quota: 0, period: 100_000 } }, 256, 1],
    [{ cpu: { quota: -1, period: 100_000 } }, 256, 1],
    [{ cpu: { quota: 50_000, period: 0 } }, 256, 1],
    [{ cpu: { quota: 900_000_000, period: 1000 } }, 256, 8],
  ])("of %j has %d MiB and %d vCPUs", (resources, memoryMib, vcpus) => {
    expect(size(resources)).toMatchObject({ memoryMib, vcpus });
  });

  test("limits near 2^63 mean no limit", () => {
    const resources = parseResources('{"memory":{"limit":9223372036854771712}}');
    expect(vmSize(config, { resources, annotations: {} }, 8).memoryMib).toBe(256);
  });

  test("refuses what no machine has", () => {
    expect(() => size({ memory: { limit: 2 ** 50 } })).toThrow(/would need 1073742080 MiB/);
  });

  test("takes the pod's hints when the sandbox container has no limits of its own", () => {
    const annotations = {
      "io.kubernetes.cri.sandbox-cpu-quota": "150000",
      "io.kubernetes.cri.sandbox-cpu-period": "100000",
      "io.kubernetes.cri.sandbox-memory": String(128 * mib),
    };
    expect(size(undefined, annotations)).toMatchObject({ vcpus: 3, memoryMib: 384 });
    expect(size(undefined, { ...annotations, "io.kubernetes.cri.sandbox-memory": "1e9" })).toMatchObject({
      memoryMib: 256,
    });
  });

  test("the maximum follows a larger size", () => {
    expect(size({ memory: { limit: 4096 * mib }, cpu: { quota: 6_000, period: 1000 } })).toEqual({
      vcpus: 7,
      maxVcpus: 7,
      memoryMib: 4352,
      maxMemoryMib: 4352,
    });
  });

  const quota = "io.kubernetes.cri.sandbox-cpu-quota";
  const period = "io.kubernetes.cri.sandbox-cpu-period";
  const shares = "io.kubernetes.cri.sandbox-cpu-shares";
  test.each([
    [{ [quota]: "-1", [shares]: "1024" }, 2],
    [{ [quota]: "-1", [shares]: "1025" }, 3],
    [{ [quota]: "-1", [shares]: "2" }, 2],
    [{ [quota]: "-1", [period]: "100000", [shares]: "3072" }, 4],
    [{ [quota]: "-1", [shares]: "0" }, 1],
    [{ [quota]: "-1", [shares]: "-5" }, 1],
    [{ [quota]: "-1", [shares]: "many" }, 1],
    [{ [quota]: "-1", [shares]: "9223372036854775807" }, 8],
    [{ [quota]: "-1" }, 1],
    [{ [quota]: "0", [shares]: "4096" }, 1],
    [{ [shares]: "4096" }, 1],
    [{ [quota]: "200000", [period]: "100000", [shares]: "4096" }, 3],
  ])("takes shares as a hint for pods without a quota: %j make %d vCPUs", (annotations, vcpus) => {
    expect(size(undefined, annotations)).toMatchObject({ vcpus });
  });

  // Configured vCPUs and maximum, CPUs of the workload, of the host, and what the VMM can do.
  test.each([
    [1, 4, 0, 8, 240, 1, 4],
    [1, 4, 2, 8, 240, 3, 4],
    [1, 4, 7, 8, 240, 8, 8],
    [1, 4, 99, 8, 240, 8, 8],
    [16, 16, 0, 8, 240, 8, 16],
    [1, 512, 500, 512, 240, 240, 240],
    [240, 240, 0, 512, 32, 32, 32],
    [0.5, 1, 0.5, 8, 240, 1, 1],
    [0.5, 1, 0.6, 8, 240, 2, 2],
    [2, 2, 0, 1, 240, 1, 2],
    [1, 1, 0, 0, 240, 1, 1],
    [1, 1, 0, 8, 0, 1, 1],
  ])("%d of at most %d vCPUs and %d CPUs on a host of %d under a VMM for %d: %d of at most %d", (...row) => {
    const [defaultVcpus, defaultMaxVcpus, cpus, hostCpus, most, vcpus, maxVcpus] = row;
    const resources = parseResources(JSON.stringify({ cpu: { quota: Math.round(cpus * 1000), period: 1000 } }));
    const sized = vmSize({ ...config, defaultVcpus, defaultMaxVcpus }, { resources, annotations: {} }, hostCpus, most);
    expect(sized).toMatchObject({ vcpus, maxVcpus });
  });
});

test.each([
  [0, 1],
  [0.1, 1],
  [1, 1],
  [1.0001, 2],
  [1.1 + 2.2, 4],
  // The sum is 3.0000000000000004.
  [1.1 + 1.1 + 0.8, 3],
  [2.999999999, 3],
  [-1, 1],
  [240, 240],
])("wholeVcpus(%d) is %d", (cpus, expected) => {
  expect(wholeVcpus(cpus)).toBe(expected);
});
