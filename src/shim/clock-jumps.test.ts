import { describe, expect, test } from "vitest";
import { CancelSource } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import { Logger } from "../base/logger.ts";
import { unpackAny } from "../wire/any.ts";
import { TaskExit } from "../wire/gen/containerd/events/task.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";
import { EventPublisher } from "./events.ts";
import { FakeShim } from "./testing/fake-shim.ts";

const hourMs = 3600_000;
const web = { id: "web", execId: "" };
const kill = { ...web, signal: 9, all: true };

/** Sets the wall clock while a container runs; the monotonic one goes on. */
async function jumped(byMs: number): Promise<FakeShim> {
  const shim = new FakeShim();
  await shim.started("web");
  await shim.loop.advance(1000);
  shim.sys.fake.setWallMs(shim.loop.wallMs() + byMs);
  return shim;
}

describe.each([
  ["back by an hour", -hourMs],
  ["on by an hour", hourMs],
  ["on by a year", 24 * 365 * hourMs],
])("the host's clock is set %s", (_how, byMs) => {
  test("a guest that answers is not taken to hang, and one that does not is noticed in its time", async () => {
    const shim = await jumped(byMs);
    await shim.loop.advance(60_000);
    expect(shim.records.filter(({ message }) => message === "the agent does not answer")).toEqual([]);
    shim.guest.freeze();
    await shim.loop.advance(10_000);
    shim.sys.fake.setWallMs(shim.loop.wallMs() - byMs);
    expect(shim.records.filter(({ message }) => message === "the agent does not answer")).toEqual([]);
    await shim.loop.advance(10_000);
    expect(shim.records.filter(({ message }) => message === "the agent does not answer")).toHaveLength(1);
  });

  test("a call's deadline is as far away as before", async () => {
    const shim = await jumped(0);
    shim.guest.fail("statsContainer", "hang");
    const startedAt = shim.loop.nowMs();
    const stats = shim.service.stats({ id: "web" }).catch((error: unknown) => KataError.from(error));
    await shim.loop.advance(1000);
    shim.sys.fake.setWallMs(shim.loop.wallMs() + byMs);
    expect(await shim.run(stats)).toMatchObject({ code: "deadline-exceeded" });
    expect(shim.loop.nowMs() - startedAt).toBeGreaterThan(9900);
    expect(shim.loop.nowMs() - startedAt).toBeLessThan(10_200);
  });

  test("a SIGKILL has its ten seconds, and the exit the time that the clock shows then", async () => {
    const shim = await jumped(0);
    shim.guest.stuck.add("web");
    const startedAt = shim.loop.nowMs();
    await shim.run(shim.service.kill(kill));
    shim.sys.fake.setWallMs(shim.loop.wallMs() + byMs);
    const { exitedAt, exitStatus } = await shim.run(shim.service.wait(web));
    expect(exitStatus).toBe(137);
    expect(shim.loop.nowMs() - startedAt).toBeGreaterThan(9900);
    expect(shim.loop.nowMs() - startedAt).toBeLessThan(10_200);
    const { seconds = 0n } = exitedAt ?? {};
    expect(Math.abs(Number(seconds) * 1000 - shim.loop.wallMs())).toBeLessThan(1500);
    expect(shim.service.state(web)).toMatchObject({ status: Status.STOPPED, exitedAt });
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });

  test("events keep their order, and each has the time that the clock showed", async () => {
    const shim = new FakeShim();
    const { loop } = shim;
    const logger = new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" });
    const events = new EventPublisher({ clock: loop, logger, connect: undefined }, { namespace: "n" });
    const follower = events.follow(new CancelSource().signal)[Symbol.asyncIterator]();
    const exit = { containerId: "c", pid: 1, exitStatus: 0, exitedAt: undefined };
    for (const id of ["before", "after"]) {
      await events.publish("/tasks/exit", TaskExit, { ...exit, id });
      const { value } = await follower.next();
      expect(unpackAny<TaskExit>(value.event, TaskExit).id).toBe(id);
      expect(Number(value.timestamp.seconds)).toBe(Math.floor(loop.wallMs() / 1000));
      shim.sys.fake.setWallMs(loop.wallMs() + byMs);
    }
  });
});
