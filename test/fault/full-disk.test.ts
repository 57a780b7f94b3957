import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { alive, until } from "../support/shim-host.ts";
import { ShimPod } from "../support/shim-pod.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";

/** Where shims keep the state of their sandboxes: a file system of its own here, so that it can be filled. */
const state = "/run/vc";
beforeAll(() => {
  mkdirSync(state, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", state]);
});
afterAll(() => void execFileSync("umount", ["-l", state]));
let before: HostSnapshot;
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => {
  rmSync(`${state}/filler`, { force: true });
  return task.result?.state === "fail" ? undefined : expectNoLeaks(before);
});
const { host, nextId } = useShimHost("full-disk");

/** Leaves not a page. */
function fill(directory: string): void {
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(`${directory}/filler`, Buffer.alloc(size), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

const noSpace = {
  code: "resource-exhausted",
  message: expect.stringMatching(/^write \/run\/vc\/sbs\/\S+\/persist\.json\.new: No space left on device/),
  hint: expect.stringContaining("Free space"),
};

test("a full disk of states: a sandbox runs on, execs, and is deleted also when its shim is dead", async () => {
  const id = nextId();
  const container = await host().run(id, { args: ["sleep", "1000"] });
  fill(state);
  expect(await container.exec(["echo", "alive"])).toMatchObject({ stdout: "alive\n" });
  process.kill(host().shimPid(id), "SIGKILL");
  await until(() => !alive(container.pid), 60_000, "the VMM's end");
  fill(state);
  expect(host().deleteShim(id).exitStatus).toBe(137);
});

test("a full disk of states: a pod takes no container and says why, keeps what it has, and can be ended", async () => {
  const pod = await ShimPod.start(host(), nextId());
  const first = await pod.run("one", ["sleep", "1000"]);
  fill(state);
  expect(await errorOf(pod.run("two", ["true"]))).toMatchObject({ ...noSpace, stage: "share-rootfs" });
  expect(await first.exec(["echo", "alive"])).toMatchObject({ stdout: "alive\n" });
  // What was refused leaves nothing in the way, once there is room.
  rmSync(`${state}/filler`);
  expect(await pod.finish(await pod.run("three", ["true"]))).toMatchObject({ code: 0 });
  fill(state);
  await pod.end(first);
});

test("a full disk of states: no sandbox is begun", async () => {
  const container = await host().prepare(nextId(), { args: ["true"] });
  fill(state);
  expect(await errorOf(container.create())).toMatchObject({ ...noSpace, stage: "prepare-sandbox" });
  await container.task.shutdown({ id: container.id, now: false });
  await container.client.closed;
});

test("a full disk of bundles: the container runs on and ends, and the log says later what it lacks", async () => {
  const id = nextId();
  const bundles = `${host().dir}/bundles`;
  mkdirSync(bundles);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", bundles]);
  try {
    const container = await host().run(id, { args: ["sleep", "1000"] });
    fill(bundles);
    expect(await container.exec(["sh", "-c", "echo alive; echo > /file"])).toMatchObject({
      stdout: "alive\n",
      stderr: expect.stringMatching(/No space left/i),
    });
    // Each is a line at level debug.
    for (let i = 0; i < 50; i++) await errorOf(container.task.state({ id: "none", execId: "" }));
    rmSync(`${bundles}/filler`);
    expect(await container.exec(["true"])).toMatchObject({ code: 0 });
    expect(host().log(id)).toMatch(/ dropped=[1-9]\d+\n/);
    fill(bundles);
    await container.end();
  } finally {
    execFileSync("umount", ["-l", bundles]);
  }
});
