import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";
import { FakeShim, minimalSpec } from "./testing/fake-shim.ts";

const web = { id: "web", execId: "" };
const kill = { ...web, signal: 9, all: true };
const podAnnotations = (type: string) => ({
  ...minimalSpec,
  annotations: { "io.kubernetes.cri.container-type": type, "io.kubernetes.cri.sandbox-id": "pod" },
});

/** How long something takes in the shim's own time. */
async function timed<T>(shim: FakeShim, work: () => Promise<T> | T): Promise<{ outcome: unknown; ms: number }> {
  const before = shim.loop.nowMs();
  const outcome = await shim.run((async () => work())().catch((error: unknown) => KataError.from(error)));
  return { outcome, ms: shim.loop.nowMs() - before };
}

const logged = (shim: FakeShim, message: string) => shim.records.filter((record) => record.message === message);

async function hanging(): Promise<FakeShim> {
  const shim = new FakeShim();
  await shim.started("web");
  shim.guest.freeze();
  return shim;
}

describe("a guest that hangs", () => {
  test("is noticed within 20 s; calls that need it fail at once then, and say why", async () => {
    const shim = await hanging();
    await shim.loop.advance(20_000);
    expect(logged(shim, "the agent does not answer")).toHaveLength(1);
    const { outcome, ms } = await timed(shim, () => shim.service.stats({ id: "web" }));
    expect(outcome).toMatchObject({
      code: "deadline-exceeded",
      message: "Cannot read statistics of container web",
      cause: { message: "The guest's agent hangs: it has not answered for 15 s" },
      hint: expect.stringContaining("killing the container by force ends the VM"),
    });
    expect(ms).toBeLessThan(50);
    expect(shim.service.state(web).status).toBe(Status.RUNNING);
    await shim.run(shim.service.exec(shim.execRequest("web", "x1")));
    expect((await timed(shim, () => shim.service.start({ id: "web", execId: "x1" }))).ms).toBeLessThan(50);
  });

  test.each([
    ["not yet noticed", 0, 1700],
    ["known to hang", 20_000, 100],
  ])("%s: SIGKILL and delete end it", async (_name, waitMs, limitMs) => {
    const shim = await hanging();
    await shim.loop.advance(waitMs);
    const waiting = shim.service.wait(web);
    expect((await timed(shim, () => shim.service.kill(kill))).ms).toBeLessThan(limitMs);
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    expect((await timed(shim, () => shim.service.delete(web))).ms).toBeLessThan(200);
    expect(shim.leftovers()).toEqual([]);
    expect(String(logged(shim, "sandbox failed")[0]?.fields.error)).toContain("The guest did not kill container web");
  });

  test("other signals fail soon, and leave the VM", async () => {
    const shim = await hanging();
    const { outcome, ms } = await timed(shim, () => shim.service.kill({ ...kill, signal: 15 }));
    expect(outcome).toMatchObject({ code: "deadline-exceeded", message: expect.stringContaining("agent hangs") });
    expect(ms).toBeLessThan(1700);
    expect(shim.service.state(web).status).toBe(Status.RUNNING);
  });

  test("that goes on is as good as before", async () => {
    const shim = await hanging();
    await shim.loop.advance(60_000);
    expect(logged(shim, "the agent does not answer")).toHaveLength(1);
    shim.guest.thaw();
    await shim.loop.advance(5000);
    expect(logged(shim, "the agent answers again")).toHaveLength(1);
    expect(await shim.run(shim.service.stats({ id: "web" }))).toHaveProperty("stats");
    shim.guest.process("web").exit(3);
    expect(await shim.run(shim.service.wait(web))).toMatchObject({ exitStatus: 3 });
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });

  test("for long is ended, and its containers with it", async () => {
    const shim = await hanging();
    const waiting = shim.service.wait(web);
    await shim.loop.advance(100_000);
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    expect(shim.published).toContain("exit web web");
    expect(String(logged(shim, "sandbox failed")[0]?.fields.error)).toContain("it has not answered for 90 s");
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });

  test("while the VMM works is not ended: it may merely be slow", async () => {
    const shim = await hanging();
    const { vmPid } = shim.backends;
    shim.sys.fake.addFile(`/proc/${vmPid}/task/${vmPid}/stat`, `${vmPid} (vcpu) R 1`);
    await shim.loop.advance(600_000);
    expect(shim.service.state(web).status).toBe(Status.RUNNING);
    shim.guest.thaw();
    await shim.loop.advance(5000);
    expect(await shim.run(shim.service.stats({ id: "web" }))).toHaveProperty("stats");
  });
});

describe("an agent that is slow with one call", () => {
  test("but alive keeps its VM until the call's own deadline", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    shim.guest.fail("signalProcess", "hang");
    const { ms } = await timed(shim, () => shim.service.kill(kill));
    expect(ms).toBeGreaterThan(9000);
    expect(shim.service.state(web).status).toBe(Status.STOPPED);
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });
});

describe("a container that a SIGKILL does not end", () => {
  test("ends with its VM after 10 s, when it has one of its own; asking again changes nothing", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    shim.guest.stuck.add("web");
    await shim.run(shim.service.kill(kill));
    const { outcome, ms } = await timed(shim, async () => {
      await shim.loop.advance(6000);
      await shim.service.kill(kill);
      return shim.service.wait(web);
    });
    expect(outcome).toMatchObject({ exitStatus: 137 });
    expect(ms).toBeGreaterThan(9000);
    expect(ms).toBeLessThan(11_000);
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
    expect(String(logged(shim, "sandbox failed")[0]?.fields.error)).toContain("has not ended 10 s after SIGKILL");
  });

  const twoInAPod = async () => {
    const shim = new FakeShim();
    await shim.started("pod", podAnnotations("sandbox"));
    for (const id of ["web", "log"]) {
      await shim.started(id, podAnnotations("container"));
      shim.guest.stuck.add(id);
    }
    await shim.run(shim.service.kill(kill));
    await shim.loop.advance(30_000);
    return shim;
  };

  test("does not take others of its pod along: they are told of, and the pod can be ended", async () => {
    const shim = await twoInAPod();
    expect(shim.service.state({ id: "log", execId: "" }).status).toBe(Status.RUNNING);
    const told = { code: "deadline-exceeded", message: "Container web has not ended 10 s after SIGKILL" };
    expect(logged(shim, "a container cannot be killed alone")).toMatchObject([
      { level: "error", fields: { error: told } },
    ]);
    const { outcome, ms } = await timed(shim, () => shim.service.kill(kill));
    expect(outcome).toMatchObject({ ...told, hint: expect.stringContaining("It ends with its pod") });
    expect(ms).toBeLessThan(50);
    await shim.run(shim.service.kill({ ...kill, id: "pod" }));
    expect(await shim.run(shim.service.wait(web))).toMatchObject({ exitStatus: 137 });
  });

  test("takes its pod along when all others were killed too, as a pod's removal begins", async () => {
    const shim = await twoInAPod();
    const { ms } = await timed(shim, async () => {
      await shim.service.kill({ ...kill, id: "log" });
      return Promise.all(["web", "log", "pod"].map((id) => shim.service.wait({ id, execId: "" })));
    });
    expect(ms).toBeGreaterThan(9000);
    expect(ms).toBeLessThan(11_000);
    for (const id of ["web", "log", "pod"]) await shim.run(shim.service.delete({ id, execId: "" }));
    expect(shim.leftovers()).toEqual([]);
  });

  test("takes its pod along when the others have ended", async () => {
    const shim = await twoInAPod();
    shim.guest.process("log").exit(0);
    for (const id of ["log", "web", "pod"]) {
      const { exitStatus } = await shim.run(shim.service.wait({ id, execId: "" }));
      expect(exitStatus).toBe(id === "log" ? 0 : 137);
    }
    for (const id of ["web", "log", "pod"]) await shim.run(shim.service.delete({ id, execId: "" }));
    expect(shim.leftovers()).toEqual([]);
  });
});

describe("a pod whose guest", () => {
  const startedPod = async () => {
    const shim = new FakeShim();
    await shim.started("pod", podAnnotations("sandbox"));
    await shim.started("web", podAnnotations("container"));
    return shim;
  };

  test("hangs: killing one container ends the VM, in time", async () => {
    const shim = await startedPod();
    shim.guest.freeze();
    const waiting = shim.service.wait({ id: "pod", execId: "" });
    expect((await timed(shim, () => shim.service.kill(kill))).ms).toBeLessThan(1700);
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
  });

  test("is slow for want of CPU: the others are spared", async () => {
    const shim = await startedPod();
    const { vmPid } = shim.backends;
    shim.sys.fake.addFile(`/proc/${vmPid}/task/${vmPid}/stat`, `${vmPid} (vcpu) R 1`);
    shim.guest.freeze();
    shim.loop.setTimer(4000, () => shim.guest.thaw());
    expect((await timed(shim, () => shim.service.kill(kill))).ms).toBeGreaterThan(3900);
    expect(await shim.run(shim.service.wait(web))).toMatchObject({ exitStatus: 137 });
    expect(shim.service.state({ id: "pod", execId: "" }).status).toBe(Status.RUNNING);
  });

  test("hangs: a container that has ended can still be deleted", async () => {
    const shim = await startedPod();
    shim.guest.process("web").exit(0);
    await shim.run(shim.service.wait(web));
    shim.guest.freeze();
    expect((await timed(shim, () => shim.service.delete(web))).ms).toBeLessThan(1700);
    expect(shim.service.state({ id: "pod", execId: "" }).status).toBe(Status.RUNNING);
  });
});
