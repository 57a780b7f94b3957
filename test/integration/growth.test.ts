import { expect, test } from "vitest";
import { type Figures, growth, idleFigures } from "../support/growth.ts";
import { ShimPod } from "../support/shim-pod.ts";
import { useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("growth");

/**
 * What is found here is a leak of large things: one sample of few that was taken while the shim was busy weighs much.
 * Descriptors must not grow at all, and `make soak` finds the small leaks.
 */
const ALLOWED_KIB = 1024;

test("growth() is that of the fitted line", () => {
  expect(growth([5, 5, 5, 5])).toEqual({ by: 0, error: 0 });
  expect(growth([0, 10, 20, 30])).toEqual({ by: 30, error: 0 });
  expect(growth([30, 20, 10])).toEqual({ by: -20, error: 0 });
  expect(growth([10, 10, 10, 13, 10, 10, 10]).by).toBe(0);
  expect(growth([10, 10, 10, 13, 10, 10, 10]).error).toBeGreaterThan(1);
});

test("thirty execs and five containers leave nothing in the shim and the agent", async () => {
  const pod = await ShimPod.start(host(), nextId());
  const shim = host().shimPid(pod.id);
  const main = await pod.run("main", ["sleep", "1000"]);
  const samples: (Figures & { readonly agentKib: number })[] = [];
  for (let round = 0; round < 6; round++) {
    for (let index = 0; index < 6; index++) {
      expect(await main.exec(["echo", "x"])).toMatchObject({ code: 0, stdout: "x\n" });
    }
    const guest = await pod.run("guest", ["echo", "y"]);
    expect(await pod.finish(guest)).toEqual({ code: 0, stdout: "y\n" });
    samples.push(await idleFigures(shim, pod.id));
  }
  // The first uses of everything fill caches.
  const of = (key: "rssKib" | "agentKib" | "descriptors") => samples.slice(1).map((figures) => figures[key]);
  expect(new Set(of("descriptors")).size).toBe(1);
  expect(growth(of("rssKib")).by).toBeLessThan(ALLOWED_KIB);
  expect(growth(of("agentKib")).by).toBeLessThan(ALLOWED_KIB);
  await pod.end(main);
});
