import { expect, test } from "vitest";
import { BoundedQueue } from "./queue.ts";

test("BoundedQueue keeps order and refuses what is too much", async () => {
  const queue = new BoundedQueue<number>({ limit: 2 });
  expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
  expect(queue.length).toBe(2);
  expect(await queue.shift()).toBe(1);
  expect(queue.push(4)).toBe(true);
  expect([await queue.shift(), await queue.shift()]).toEqual([2, 4]);
});

test("a waiting consumer gets an item even when the limit is 0", async () => {
  const queue = new BoundedQueue<string>({ limit: 0 });
  expect(queue.push("lost")).toBe(false);
  const first = queue.shift();
  const second = queue.shift();
  expect([queue.push("a"), queue.push("b"), queue.push("c")]).toEqual([true, true, false]);
  expect(await Promise.all([first, second])).toEqual(["a", "b"]);
});

test("pushWhenRoom waits for room", async () => {
  const queue = new BoundedQueue<number>({ limit: 1 });
  const order: string[] = [];
  const producer = (async () => {
    for (let i = 0; i < 5; i++) {
      await queue.pushWhenRoom(i);
      order.push(`in ${i}`);
    }
    queue.close();
  })();
  const taken: number[] = [];
  for await (const item of queue) taken.push(item);
  await producer;
  expect(taken).toEqual([0, 1, 2, 3, 4]);
  expect(order).toHaveLength(5);
});

test("close lets the rest be taken, then tells the end or the error", async () => {
  const queue = new BoundedQueue<number>({ limit: 4 });
  queue.push(1);
  queue.close();
  expect(queue.push(2)).toBe(false);
  expect(await queue.shift()).toBe(1);
  expect(await queue.shift()).toBeUndefined();
  await expect(queue.pushWhenRoom(3)).rejects.toMatchObject({ code: "aborted" });
  const failing = new BoundedQueue<number>({ limit: 4 });
  const waiting = failing.shift();
  failing.close(new Error("lost"));
  failing.close(new Error("too late"));
  await expect(waiting).rejects.toThrow("lost");
  await expect(failing.shift()).rejects.toThrow("lost");
});

test("undefined is an item like any other while the queue is open", async () => {
  const queue = new BoundedQueue<number | undefined>({ limit: 4 });
  queue.push(undefined);
  queue.push(2);
  const seen: (number | undefined)[] = [];
  const reading = (async () => {
    for await (const item of queue) seen.push(item);
  })();
  await Promise.resolve();
  queue.close();
  await reading;
  expect(seen).toEqual([undefined, 2]);
});

test("a long-lived queue stays cheap", async () => {
  const queue = new BoundedQueue<number>({ limit: 10 });
  for (let i = 0; i < 100_000; i++) {
    queue.push(i);
    if (i >= 5 && (await queue.shift()) !== i - 5) throw new Error("out of order");
  }
  expect(queue.length).toBe(5);
  expect((queue as unknown as { items: unknown[] }).items.length).toBeLessThan(200);
});
