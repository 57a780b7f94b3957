import { describe, expect, test } from "vitest";
import type { Clock } from "./clock.ts";
import { Failpoints, failpointNames } from "./failpoint.ts";

function setUp(specification: string) {
  const delays: number[] = [];
  let kills = 0;
  const clock = {
    setTimer(ms: number, fire: () => void) {
      delays.push(ms);
      fire();
      return { cancel() {} };
    },
  } as unknown as Clock;
  const kill = () => {
    kills++;
  };
  return { points: new Failpoints({ clock, kill }, specification), delays, kills: () => kills };
}

describe("Failpoints", () => {
  test("do nothing unless told to", async () => {
    const { points, delays, kills } = setUp("");
    for (const name of failpointNames) await points.hit(name);
    expect([delays, kills()]).toEqual([[], 0]);
  });

  test("fail, wait and kill", async () => {
    const { points, delays, kills } = setUp("vmm-started=error,agent-connected=delay:250,guest-prepared=kill");
    await expect(points.hit("vmm-started")).rejects.toMatchObject({ code: "internal" });
    await points.hit("agent-connected");
    await points.hit("guest-prepared");
    expect([delays, kills()]).toEqual([[250], 1]);
  });

  test("may change while the program runs, and tell what they reach", async () => {
    let specification = "";
    const reached: string[] = [];
    const deps = { clock: {} as Clock, kill: () => {}, reached: (name: string) => void reached.push(name) };
    const points = new Failpoints(deps, () => specification);
    await points.hit("vmm-started");
    specification = "vmm-started=error";
    await expect(points.hit("vmm-started")).rejects.toMatchObject({ code: "internal" });
    expect(reached).toEqual(["vmm-started"]);
  });

  test("hold a program until they are released", async () => {
    let specification = "vmm-started=wait";
    let polls = 0;
    const clock = {
      setTimer(_ms: number, fire: () => void) {
        if (++polls === 3) specification = "";
        queueMicrotask(fire);
      },
    } as unknown as Clock;
    await new Failpoints({ clock, kill: () => {} }, () => specification).hit("vmm-started");
    expect(polls).toBe(3);
  });

  test.each(["nope=error", "vmm-started", "vmm-started=delay", "vmm-started=panic", "=error"])("refuse %j", (text) => {
    expect(() => setUp(text)).toThrow(/Failpoint must be/);
  });
});
