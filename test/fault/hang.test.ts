import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Status } from "../../src/wire/gen/containerd/types/task/task.ts";
import { deleteAside } from "../support/fault-walk.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { alive } from "../support/shim-host.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";
import { until } from "../support/until.ts";

let before: HostSnapshot;
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => (task.result?.state === "fail" ? undefined : expectNoLeaks(before)));
const { host, nextId } = useShimHost("hang");

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a VMM that is stopped", () => {
  test("does not keep State, Kill and Delete from answering; all is gone then", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    const { task } = container;
    process.kill(container.pid, "SIGSTOP");
    const waiting = container.wait();
    const stoppedAt = performance.now();
    expect((await task.state({ id, execId: "" })).status).toBe(Status.RUNNING);
    const stateMs = performance.now() - stoppedAt;
    await task.kill({ id, execId: "", signal: 9, all: true });
    expect(await waiting).toBe(137);
    await task.delete({ id, execId: "" });
    // 2 s, and what a busy machine adds to each of the calls.
    expect(performance.now() - stoppedAt).toBeLessThan(2000 + 10 * stateMs);
    expect(alive(container.pid)).toBe(false);
    expect(host().log(id)).toMatch(/sandbox failed.*The guest did not kill container .*agent hangs/);
    await task.shutdown({ id, now: false });
    await container.client.closed;
  });

  test("is told to whoever calls, until it goes on: then it is as good as before", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    const { task } = container;
    process.kill(container.pid, "SIGSTOP");
    await until("the hang", () => host().log(id).includes("the agent does not answer") || undefined);
    const error = await errorOf(task.stats({ id }));
    expect(error).toMatchObject({ code: "deadline-exceeded" });
    expect((error.cause as Error | undefined)?.message).toMatch(/The guest's agent hangs/);
    process.kill(container.pid, "SIGCONT");
    await until("the recovery", () => host().log(id).includes("the agent answers again") || undefined);
    expect(await container.exec(["echo", "hello"])).toMatchObject({ code: 0, stdout: "hello\n" });
    await container.end();
  });

  test("while the guest boots does not keep delete from ending it", async () => {
    const id = nextId();
    const container = await host().prepare(id, { args: ["sleep", "1000"] });
    const creating = errorOf(container.create());
    await until("the VMM", () => host().log(id).includes('msg="vmm started"') || undefined);
    const pid = Number(/msg="vmm started".* pid=(\d+)/.exec(host().log(id))?.[1]);
    process.kill(pid, "SIGSTOP");
    expect((await deleteAside(host(), id)).code).toBe(0);
    await creating;
    expect(alive(pid)).toBe(false);
  });
});

test("a VMM that stands still again and again is slow, and left alone", async () => {
  const id = nextId();
  const container = await host().run(id, { args: ["sleep", "1000"] });
  const { pid } = container;
  let starving = true;
  const starved = (async () => {
    for (const ms of [2500, 1000, 500]) {
      process.kill(pid, "SIGSTOP");
      await pause(ms);
      process.kill(pid, "SIGCONT");
      await pause(50);
    }
    for (; starving; await pause(100)) {
      process.kill(pid, "SIGSTOP");
      await pause(100);
      process.kill(pid, "SIGCONT");
    }
  })();
  for (let i = 0; i < 2; i++) expect(await container.exec(["echo", "hello"])).toMatchObject({ stdout: "hello\n" });
  starving = false;
  await starved;
  expect((await container.task.state({ id, execId: "" })).status).toBe(Status.RUNNING);
  expect(host().log(id)).not.toContain("sandbox failed");
  await container.end();
});
