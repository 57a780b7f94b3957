import { describe, expect, test } from "vitest";
import { containerResources } from "./container-resources.ts";

const prefix = "io.katacontainers.container.resource.";

describe("a container's resources", () => {
  test("nothing is said", () => {
    expect(containerResources({ "io.katacontainers.config.hypervisor.path": "/bin/sh" })).toEqual({ findings: [] });
  });

  test.each([
    ["0", 0],
    ["60", 60],
    ["200", 200],
  ])("swappiness %s", (text, swappiness) => {
    expect(containerResources({ [`${prefix}swappiness`]: text })).toEqual({ swappiness, findings: [] });
  });

  test.each([
    ["0", 0n],
    ["9223372036854775807", 9223372036854775807n],
  ])("swap %s", (text, swapBytes) => {
    expect(containerResources({ [`${prefix}swap_in_bytes`]: text })).toEqual({ swapBytes, findings: [] });
  });

  test.each(["", "-1", "201", "+5", " 5", "5 ", "1e2", "0x10", "05", "5.0", "NaN", "\uff19", "9".repeat(100_000)])(
    "swappiness %j is told and sets nothing",
    (text) => {
      const { findings, ...set } = containerResources({ [`${prefix}swappiness`]: text });
      expect(set).toEqual({});
      expect(findings).toEqual([
        expect.objectContaining({
          severity: "error",
          code: "annotation-value",
          place: { kind: "annotation", name: `${prefix}swappiness` },
          rule: "must be a whole number from 0 to 200",
        }),
      ]);
      expect(findings[0]?.got?.length).toBeLessThan(200);
    },
  );

  test.each(["-1", "9223372036854775808", "1Gi", "1e9"])("swap %j is told and sets nothing", (text) => {
    const { findings, ...set } = containerResources({ [`${prefix}swap_in_bytes`]: text });
    expect(set).toEqual({});
    expect(findings.map(({ code }) => code)).toEqual(["annotation-value"]);
  });

  test("names of objects are nothing special", () => {
    const hostile = Object.fromEntries([
      ["__proto__", "1"],
      ["constructor", "2"],
      [`${prefix}__proto__`, "3"],
    ]);
    expect(containerResources(hostile)).toEqual({ findings: [] });
  });
});
