import fc from "fast-check";
import { expect, test } from "vitest";
import { TimerQueue } from "./timers.ts";

test("TimerQueue gives timers in the order of time, then of setting, and never a cancelled one", () => {
  const action = fc.record({ atMs: fc.integer({ min: 0, max: 50 }), cancel: fc.boolean() });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
      const queue = new TimerQueue();
      const fired: number[] = [];
      const timers = actions.map(({ atMs }, i) => queue.add(atMs, () => fired.push(i)));
      for (const [i, { cancel }] of actions.entries()) {
        if (!cancel) continue;
        timers[i]?.cancel();
        timers[i]?.cancel();
      }
      const expected = actions
        .map(({ atMs, cancel }, i) => ({ atMs, cancel, i }))
        .filter(({ cancel }) => !cancel)
        .sort((a, b) => a.atMs - b.atMs || a.i - b.i);
      expect(queue.size).toBe(expected.length);
      for (let now = 0; now <= 50; now++) {
        for (let fire = queue.takeDue(now); fire !== undefined; fire = queue.takeDue(now)) fire();
        expect(fired).toEqual(expected.filter(({ atMs }) => atMs <= now).map(({ i }) => i));
      }
      expect(queue.size).toBe(0);
      expect(queue.nextMs()).toBeUndefined();
    }),
  );
});

test("TimerQueue does not keep cancelled timers", () => {
  const queue = new TimerQueue();
  queue.add(1e9, () => {});
  for (let i = 0; i < 100_000; i++) queue.add(1e6 + i, () => {}).cancel();
  expect(queue.size).toBe(1);
  expect((queue as unknown as { heap: unknown[] }).heap.length).toBeLessThan(200);
});

test("cancelling a timer that has fired changes nothing", () => {
  const queue = new TimerQueue();
  const timer = queue.add(1, () => {});
  queue.add(2, () => {});
  queue.takeDue(1)?.();
  timer.cancel();
  expect(queue.size).toBe(1);
});
