import { shell } from "../../../test/native/process.ts";
import { expect, test } from "../../../test/native/runner.ts";
import { sleep } from "../../base/clock.ts";
import { signals } from "../signals.ts";

test(
  "1000 children at once are all reaped, each with its own status",
  async ({ sys, loop }) => {
    const pids = Array.from({ length: 1000 }, (_, i) =>
      sys.spawn({ path: "/bin/sh", argv: ["sh", "-c", `exit ${i % 200}`], env: [] }),
    );
    const statuses = await Promise.all(pids.map((pid) => loop.exited(pid)));
    expect(statuses.every((status, i) => status.kind === "exited" && status.code === i % 200)).toBe(true);
    expect(sys.reap()).toBeUndefined();
  },
  { timeoutMs: 60_000 },
);

test("exited answers for a child that ended before it was asked for, and once only", async ({ sys, loop }) => {
  const pid = sys.spawn({ path: "/bin/sh", argv: ["sh", "-c", "exit 7"], env: [] });
  await sleep(loop, 50);
  expect(() => sys.kill(pid, 0)).toThrow({ code: "ESRCH" });
  expect(await loop.exited(pid)).toEqual({ kind: "exited", code: 7 });
  let answered = false;
  void loop.exited(pid).then(() => {
    answered = true;
  });
  await sleep(loop, 5);
  expect(answered).toBe(false);
});

test("exited may be asked twice at the same time", async ({ sys, loop }) => {
  const pid = sys.spawn({ path: "/bin/sh", argv: ["sh", "-c", "exit 9"], env: [] });
  expect(await Promise.all([loop.exited(pid), loop.exited(pid)])).toEqual([
    { kind: "exited", code: 9 },
    { kind: "exited", code: 9 },
  ]);
});

test("a subreaper is told of orphans that nobody asked for", async (context) => {
  const { sys, loop } = context;
  sys.becomeSubreaper();
  const orphans = new Map<number, unknown>();
  let open = true;
  loop.onOrphan((pid, status) => {
    if (open) orphans.set(pid, status);
  });
  const parent = await shell(context, "(sleep 0.05; exit 5) >/dev/null 2>&1 & echo $!");
  const orphan = Number(parent.output);
  for (let i = 0; i < 100 && !orphans.has(orphan); i++) await sleep(loop, 5);
  open = false;
  expect(orphans.get(orphan)).toEqual({ kind: "exited", code: 5 });
});

test("kill reaches process groups and refuses what does not exist", async ({ sys, loop }) => {
  const pid = sys.spawn({ path: "/bin/sh", argv: ["sh", "-c", "sleep 30 & wait"], env: [], newSession: true });
  await sleep(loop, 20);
  sys.kill(-pid, signals.SIGTERM);
  expect(await loop.exited(pid)).toEqual({ kind: "signaled", signal: 15 });
  expect(() => sys.kill(pid, 0)).toThrow({ code: "ESRCH", subject: String(pid) });
  expect(() => sys.kill(sys.pid(), 12345)).toThrow({ code: "EINVAL" });
});

test("the process knows itself", ({ sys }) => {
  expect(sys.readLink("/proc/self")).toBe(String(sys.pid()));
  expect(sys.parentPid()).toBeGreaterThan(0);
  expect(sys.argv()[0]).toContain("native-tests");
  const before = sys.umask(0o077);
  expect(sys.umask(before)).toBe(0o077);
  expect(sys.env("PATH")).toContain("/bin");
  expect(sys.env("NO_SUCH_NAME")).toBeUndefined();
  expect(sys.environment().some((entry) => entry.startsWith("PATH="))).toBe(true);
});

test("setRlimit and setOomScoreAdj change this process", async (context) => {
  const { sys } = context;
  sys.setRlimit("core", 0n, 0xffffffffffffffffn);
  expect(sys.readText("/proc/self/limits")).toMatch(/Max core file size +0 +unlimited/);
  expect(() => sys.setRlimit("core", 2n, 1n)).toThrow({ code: "EINVAL" });
  const before = sys.readText("/proc/self/oom_score_adj").trim();
  sys.setOomScoreAdj(17);
  expect(sys.readText("/proc/self/oom_score_adj").trim()).toBe("17");
  sys.setOomScoreAdj(Number(before));
});

test("scheduleApart works, or says that this kernel or machine cannot", ({ sys }) => {
  try {
    sys.scheduleApart();
  } catch (error) {
    expect(["EINVAL", "ENODEV", "EPERM"].includes((error as { code: string }).code)).toBe(true);
  }
});
