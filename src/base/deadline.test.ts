import { expect, test } from "vitest";
import { createFakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { Deadline, withTimeout } from "./deadline.ts";

const clock = () => new FakeLoop(createFakeSys());

test("Deadline counts down to zero and stays there", async () => {
  const loop = clock();
  const deadline = new Deadline(loop, 50);
  expect(deadline.remainingMs()).toBe(50);
  await loop.advance(20);
  expect(deadline.remainingMs()).toBe(30);
  expect(deadline.expired).toBe(false);
  await loop.advance(40);
  expect(deadline.remainingMs()).toBe(0);
  expect(deadline.expired).toBe(true);
  expect(new Deadline(loop, Number.POSITIVE_INFINITY).expired).toBe(false);
});

test("withTimeout passes the outcome on and leaves no timer", async () => {
  const loop = clock();
  await expect(withTimeout(loop, 50, "a thing", Promise.resolve(3))).resolves.toBe(3);
  await expect(withTimeout(loop, 50, "a thing", Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(loop.pendingTimers).toBe(0);
});

test("withTimeout rejects in time, with the details given", async () => {
  const loop = clock();
  const never = new Promise<void>(() => {});
  const outcome = withTimeout(loop, 50, "boot the guest", never, { stage: "boot" }).catch((error: unknown) => error);
  await loop.advance(49);
  await loop.advance(1);
  expect(await outcome).toMatchObject({
    code: "deadline-exceeded",
    stage: "boot",
    message: "Timed out after 50 ms: boot the guest",
  });
});

test("withTimeout without end sets no timer", async () => {
  const loop = clock();
  const work = withTimeout(loop, Number.POSITIVE_INFINITY, "x", Promise.resolve(1));
  expect(loop.pendingTimers).toBe(0);
  expect(await work).toBe(1);
});
