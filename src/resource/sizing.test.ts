import { describe, expect, test } from "vitest";
import { parseResources } from "../oci/parse-spec.ts";
import type { Annotations } from "../oci/spec.ts";
import { vmSize } from "./sizing.ts";

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
});
