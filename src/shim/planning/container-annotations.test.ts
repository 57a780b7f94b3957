import { describe, expect, test } from "vitest";
import { parseSpec } from "../../oci/parse-spec.ts";
import type { Spec } from "../../oci/spec.ts";
import { withAnnotatedMemory } from "./container-annotations.ts";

const mib = 1_048_576;
const prefix = "io.katacontainers.container.resource.";

function specOf(annotations: Record<string, string>, resources?: object): Spec {
  const process = { args: ["sh"], cwd: "/" };
  return parseSpec(JSON.stringify({ ociVersion: "1.1.0", process, annotations, linux: { resources } })).value;
}

describe("memory by annotations of a container", () => {
  test("a container without them stays as it is", () => {
    const spec = specOf({ other: "1" }, { memory: { limit: mib } });
    expect(withAnnotatedMemory(spec)).toBe(spec);
  });

  test("they replace what the specification says, and nothing else", () => {
    const before = specOf(
      { [`${prefix}swappiness`]: "60", [`${prefix}swap_in_bytes`]: String(128 * mib) },
      { memory: { limit: 64 * mib, swap: 64 * mib, reservation: mib }, pids: { limit: 9 }, cpu: { shares: 3 } },
    );
    const after = withAnnotatedMemory(before);
    expect(after.linux.resources?.memory).toEqual({
      ...before.linux.resources?.memory,
      swap: BigInt(128 * mib),
      swappiness: 60n,
    });
    expect({ ...after.linux.resources, memory: undefined }).toEqual({ ...before.linux.resources, memory: undefined });
    expect({ ...after, linux: undefined }).toEqual({ ...before, linux: undefined });
  });

  test("swappiness needs no resources beside it", () => {
    const { resources } = withAnnotatedMemory(specOf({ [`${prefix}swappiness`]: "0" })).linux;
    expect(resources?.memory).toMatchObject({ swappiness: 0n, limit: undefined, swap: undefined });
  });

  test.each<[name: string, value: string, resources: object | undefined, message: RegExp]>([
    ["swappiness", "201", undefined, /swappiness must be a whole number from 0 to 200; got "201"/],
    ["swappiness", "1e2", undefined, /got "1e2"/],
    ["swap_in_bytes", "1Gi", { memory: { limit: mib } }, /swap_in_bytes must be a whole number/],
    ["swap_in_bytes", "5", undefined, /needs a memory limit/],
    ["swap_in_bytes", "5", { memory: { limit: -1 } }, /needs a memory limit/],
    [
      "swap_in_bytes",
      "5",
      { memory: { limit: 64 * mib } },
      /must not be below the container's limit of 67108864 bytes; got 5/,
    ],
  ])("%s = %s is refused", (name, value, resources, message) => {
    expect(() => withAnnotatedMemory(specOf({ [`${prefix}${name}`]: value }, resources))).toThrow(message);
  });
});
