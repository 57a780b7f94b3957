import { expect, test } from "../../../test/native/runner.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { sleep } from "../../base/clock.ts";
import { signals } from "../signals.ts";

const byte = utf8Encode("x");

test("timers fire in order, never early, and not when cancelled", async ({ loop }) => {
  const start = loop.nowMs();
  const fired: [number, number][] = [];
  const delays = [30, 10, 20, 10, 0, 15.5];
  const all = delays.map(
    (delay) =>
      new Promise<void>((resolve) => {
        loop.setTimer(delay, () => {
          fired.push([delay, loop.nowMs() - start]);
          resolve();
        });
      }),
  );
  loop.setTimer(12, () => fired.push([-1, 0])).cancel();
  expect(fired).toEqual([]);
  await Promise.all(all);
  expect(fired.map(([delay]) => delay)).toEqual([0, 10, 10, 15.5, 20, 30]);
  for (const [delay, at] of fired) expect(at).toBeGreaterThanOrEqual(delay);
  expect(fired[5]?.[1] ?? Number.NaN).toBeLessThan(10_000);
});

test("timers that set timers leave room for descriptors", async ({ sys, loop }) => {
  const [a, b] = sys.socketPair();
  let spinning = true;
  const spin = () => {
    if (spinning) loop.setTimer(0, spin);
  };
  spin();
  await new Promise<void>((resolve) => {
    const watch = loop.watch(a, { read: true }, () => {
      watch.stop();
      resolve();
    });
    sys.write(b, byte);
  });
  spinning = false;
  sys.close(a);
  sys.close(b);
});

test("promise jobs run between handlers", async ({ loop }) => {
  const order: string[] = [];
  loop.setTimer(0, () => {
    order.push("timer 1");
    void Promise.resolve()
      .then(() => order.push("job 1"))
      .then(() => order.push("job 2"));
  });
  loop.setTimer(0, () => order.push("timer 2"));
  await sleep(loop, 5);
  expect(order).toEqual(["timer 1", "job 1", "job 2", "timer 2"]);
});

test("a throwing handler and an unhandled rejection are faults, and the loop goes on", async (context) => {
  const { loop } = context;
  loop.setTimer(0, () => {
    throw new Error("from a handler");
  });
  loop.setTimer(0, () => void Promise.reject(new Error("from a promise")));
  loop.setTimer(0, () => {
    const late = Promise.reject(new Error("handled in time"));
    late.catch(() => {});
  });
  loop.setTimer(0, () => void (async () => Promise.reject(17))());
  await sleep(loop, 5);
  const faults = context.takeFaults();
  expect(faults.map(String)).toEqual(["Error: from a handler", "Error: from a promise", "17"]);
});

test("a rejection that is handled later is reported once and does no harm", async (context) => {
  const { loop } = context;
  const rejected = Promise.reject(new Error("late"));
  await sleep(loop, 1);
  expect(context.takeFaults().map(String)).toEqual(["Error: late"]);
  await expect(rejected).rejects.toThrow("late");
  expect(context.takeFaults()).toEqual([]);
});

test("watch reports what was asked for, update changes it, stop ends it", async ({ sys, loop }) => {
  const [a, b] = sys.socketPair();
  const heard: string[] = [];
  const watch = loop.watch(a, { write: true }, (ready) => {
    heard.push(
      Object.entries(ready)
        .flatMap(([name, on]) => (on ? [name] : []))
        .join("+"),
    );
    if (heard.length === 2) watch.update({ read: true });
    if (heard.length === 3) sys.read(a, new Uint8Array(8));
  });
  expect(() => loop.watch(a, { read: true }, () => {})).toThrow({ code: "EEXIST" });
  await sleep(loop, 5);
  expect(heard).toEqual(["write", "write"]);
  sys.write(b, byte);
  await sleep(loop, 5);
  expect(heard).toEqual(["write", "write", "read"]);
  watch.update({});
  sys.write(b, byte);
  await sleep(loop, 5);
  expect(heard).toHaveLength(3);
  sys.close(b);
  await sleep(loop, 2);
  expect(heard[3]).toContain("hangUp");
  watch.stop();
  watch.stop();
  watch.update({ read: true });
  const length = heard.length;
  await sleep(loop, 2);
  expect(heard).toHaveLength(length);
  sys.close(a);
});

test("an event for a descriptor that was closed and opened again in the same batch is dropped", async ({
  sys,
  loop,
}) => {
  const pairs = Array.from({ length: 20 }, () => sys.socketPair());
  const victims: number[] = [];
  let wrongly = 0;
  const watches = pairs.map(([fd], i) =>
    loop.watch(fd, { read: true }, () => {
      if (victims.length > 0) {
        wrongly += victims.includes(fd) ? 1 : 0;
        sys.read(fd, new Uint8Array(8));
        return;
      }
      sys.read(fd, new Uint8Array(8));
      // The first one served closes all others, whose events wait in this batch, and takes their numbers again.
      for (const [j, [other]] of pairs.entries()) {
        if (j === i) continue;
        watches[j]?.stop();
        sys.close(other);
      }
      for (let j = 0; j < pairs.length - 1; j++) {
        const reused = sys.pipe({ nonBlocking: true });
        victims.push(...reused);
        reusedWatches.push(loop.watch(reused[0], { read: true }, () => wrongly++));
      }
    }),
  );
  const reusedWatches: { stop(): void }[] = [];
  for (const [, fd] of pairs) sys.write(fd, byte);
  await sleep(loop, 10);
  const numbers = new Set(pairs.map(([fd]) => fd));
  expect(victims.filter((fd) => numbers.has(fd)).length).toBeGreaterThan(10);
  expect(wrongly).toBe(0);
  for (const watch of [...watches, ...reusedWatches]) watch.stop();
  const open = new Set([...victims, ...pairs.map(([, fd]) => fd)]);
  for (const [fd] of pairs) if (!victims.includes(fd)) open.add(fd);
  for (const fd of open) sys.close(fd);
});

test("edge-triggered watches are told once", async ({ sys, loop }) => {
  const [a, b] = sys.socketPair();
  let told = 0;
  const watch = loop.watch(a, { read: true, edge: true }, () => told++);
  sys.write(b, byte);
  await sleep(loop, 5);
  expect(told).toBe(1);
  sys.write(b, byte);
  await sleep(loop, 5);
  expect(told).toBe(2);
  // An update arms it again, as epoll does.
  watch.update({ read: true, edge: true });
  await sleep(loop, 5);
  expect(told).toBe(3);
  watch.stop();
  sys.close(a);
  sys.close(b);
});

test("an edge on a file that is always ready is reported once, and again after a change", async ({ sys, loop }) => {
  const fd = sys.open("/dev/null", { write: true });
  let reports = 0;
  const watch = loop.watch(fd, { write: true, edge: true }, () => {
    reports++;
  });
  await sleep(loop, 20);
  expect(reports).toBe(1);
  watch.update({ write: true, edge: true });
  await sleep(loop, 20);
  expect(reports).toBe(2);
  watch.stop();
  sys.close(fd);
});

test("regular files count as always ready", async ({ sys, loop, tempDir }) => {
  const path = `${tempDir()}/f`;
  sys.writeFile(path, "content");
  const fd = sys.open(path);
  let told = 0;
  await new Promise<void>((resolve) => {
    const watch = loop.watch(fd, { read: true }, (ready) => {
      expect(ready.read).toBe(true);
      told++;
      if (told === 3) watch.update({});
      loop.setTimer(5, () => {
        watch.stop();
        resolve();
      });
    });
  });
  expect(told).toBe(3);
  sys.close(fd);
});

test("signals arrive with their sender; the undo gives them back", async ({ sys, loop }) => {
  const got: string[] = [];
  const first = loop.onSignal([signals.SIGUSR1, signals.SIGUSR2], (signal, pid) => got.push(`1:${signal}:${pid}`));
  const second = loop.onSignal([signals.SIGUSR1], (signal) => got.push(`2:${signal}`));
  sys.kill(sys.pid(), signals.SIGUSR1);
  sys.kill(sys.pid(), signals.SIGUSR2);
  await sleep(loop, 5);
  expect([...got].sort()).toEqual([`1:10:${sys.pid()}`, `1:12:${sys.pid()}`, "2:10"]);
  first();
  sys.kill(sys.pid(), signals.SIGUSR1);
  await sleep(loop, 5);
  expect(got.at(-1)).toBe("2:10");
  expect(got).toHaveLength(4);
  const blocked = () => BigInt(`0x${/SigBlk:\s+(\w+)/.exec(sys.readText("/proc/self/status"))?.[1] ?? "0"}`);
  const usr1 = 1n << BigInt(signals.SIGUSR1 - 1);
  expect((blocked() & usr1) !== 0n).toBe(true);
  second();
  expect((blocked() & usr1) !== 0n).toBe(false);
});

test(
  "10000 descriptors are served",
  async ({ sys, loop }) => {
    const pairs = Array.from({ length: 5000 }, () => sys.socketPair());
    let served = 0;
    const buffer = new Uint8Array(8);
    const watches = pairs.flat().map((fd) =>
      loop.watch(fd, { read: true }, () => {
        served++;
        sys.read(fd, buffer);
      }),
    );
    for (const [a, b] of pairs) {
      sys.write(a, byte);
      sys.write(b, byte);
    }
    while (served < 10_000) await sleep(loop, 1);
    for (const watch of watches) watch.stop();
    for (const fd of pairs.flat()) sys.close(fd);
    expect(served).toBe(10_000);
  },
  { timeoutMs: 20_000 },
);

test("a far timer does not overflow the kernel's number", async ({ loop }) => {
  const far = loop.setTimer(1e12, () => {});
  const forever = loop.setTimer(Number.POSITIVE_INFINITY, () => {});
  await sleep(loop, 2);
  far.cancel();
  await sleep(loop, 2);
  forever.cancel();
});

test("memory that a burst of work has used goes back to the kernel when the loop turns idle", async ({
  sys,
  loop,
  sanitized,
}) => {
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(sys.readText("/proc/self/status"))?.[1]);
  let hold: unknown[] = [];
  for (let i = 0; i < 200; i++) {
    await sleep(loop, 0);
    for (let j = 0; j < 1000; j++) hold.push({ j, text: String(i * j), next: hold });
  }
  const peak = rss();
  hold = [];
  await sleep(loop, 1500);
  // The sanitizer's allocator keeps what is freed for a while.
  expect(sanitized || rss() < peak - 15_000).toBe(true);
});
