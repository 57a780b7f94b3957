import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";
import { FakeShim, minimalSpec } from "./testing/fake-shim.ts";

const web = { id: "web", execId: "" };

describe("the life of a container", () => {
  test("create, start, output, exit, delete, shutdown", async () => {
    const shim = new FakeShim();
    const { service, guest } = shim;
    const reader = shim.sys;
    const { pid } = await shim.run(service.create(shim.bundle("web")));
    expect(pid).toBe(shim.backends.vmPid);
    expect(service.state(web)).toMatchObject({ status: Status.CREATED, pid, bundle: "/bundles/web" });
    const stdout = reader.open("/bundles/web/stdout", { nonBlocking: true });
    await shim.run(service.start(web));
    expect(service.state(web)).toMatchObject({ status: Status.RUNNING, exitStatus: 0, exitedAt: undefined });
    expect(service.pids({ id: "web" })).toEqual({ processes: [{ pid }] });
    const waiting = service.wait(web);
    guest.process("web").print("hello\n");
    guest.process("web").exit(42);
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 42 });
    const buffer = new Uint8Array(100);
    expect(reader.read(stdout, buffer)).toBe(6);
    reader.close(stdout);
    expect(service.state(web)).toMatchObject({ status: Status.STOPPED, exitStatus: 42 });
    expect(await shim.run(service.delete(web))).toMatchObject({ exitStatus: 42, pid });
    expect(() => service.state(web)).toThrow(expect.objectContaining({ code: "not-found" }));
    const context = shim.context();
    service.shutdown({ id: "web", now: false }, context);
    expect(shim.shutdowns).toBe(0);
    context.finish();
    expect(shim.shutdowns).toBe(1);
    expect(shim.published).toEqual(["create web", "start web", "exit web web", "delete web"]);
    expect(shim.leftovers()).toEqual([]);
  });

  test("the sandbox ends with its container, before anybody deletes it", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    shim.guest.process("web").exit(0);
    await shim.run(shim.service.wait(web));
    await shim.loop.advance(1000);
    expect(shim.leftovers()).toEqual([]);
    expect(shim.service.state(web).status).toBe(Status.STOPPED);
    expect(shim.sys.readText("/bundles/web/console.log")).toBe("console.log\n");
  });

  test("the VM gets what the specification asks for", async () => {
    const shim = new FakeShim();
    const spec = {
      ...minimalSpec,
      hostname: "web",
      linux: {
        resources: { memory: { limit: 64 << 20 } },
        namespaces: [{ type: "network", path: "/run/netns/x" }, { type: "pid" }],
      },
    };
    await shim.started("web", spec);
    expect(shim.backends.vmSpec).toMatchObject({
      sandboxId: "web",
      directory: "/run/vc/vm/web",
      memoryMib: 320,
      netns: "/run/netns/x",
      devices: [{ kind: "share", tag: "kataShared", socketPath: "/run/vc/vm/web/virtiofsd.sock" }],
    });
    expect(shim.guest.sandboxes[0]).toMatchObject({
      sandboxId: "web",
      hostname: "web",
      storages: [{ driver: "virtio-fs", source: "kataShared" }],
    });
    const created = shim.guest.created[0];
    expect(created?.OCI?.Root?.Path).toBe("/run/kata-containers/shared/containers/web/rootfs");
    expect(shim.sys.fake.mounts.map(({ target }) => target)).toContain(
      "/run/kata-containers/shared/sandboxes/web/mounts/web/rootfs",
    );
  });

  test("input reaches the process up to the end of the FIFO", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    const writer = shim.sys.open("/bundles/web/stdin", { write: true, nonBlocking: true });
    shim.sys.write(writer, new Uint8Array([1, 2, 3]));
    shim.service.closeIO({ ...web, stdin: true });
    await shim.loop.advance(50);
    expect(shim.guest.process("web").input).toEqual([new Uint8Array([1, 2, 3])]);
    expect(shim.guest.process("web").inputClosed).toBe(false);
    shim.sys.close(writer);
    await shim.loop.advance(50);
    expect(shim.guest.process("web").inputClosed).toBe(true);
  });

  test("a container that never started can be killed or deleted", async () => {
    const shim = new FakeShim();
    await shim.run(shim.service.create(shim.bundle("web")));
    const waiting = shim.service.wait(web);
    await shim.run(shim.service.kill({ ...web, signal: 9, all: false }));
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    await shim.run(shim.service.delete(web));
    const second = new FakeShim();
    await second.run(second.service.create(second.bundle("web")));
    const wait = second.service.wait(web);
    expect(await second.run(second.service.delete(web))).toMatchObject({ exitStatus: 255 });
    expect(await second.run(wait)).toMatchObject({ exitStatus: 255 });
    expect(second.leftovers()).toEqual([]);
  });
});

describe("execs", () => {
  test("start, exit, delete; the same id again", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    for (const code of [0, 7]) {
      await shim.run(shim.service.exec(shim.execRequest("web", "x1")));
      const id = { id: "web", execId: "x1" };
      expect(shim.service.state(id)).toMatchObject({ status: Status.CREATED, id: "x1", execId: "x1" });
      await shim.run(shim.service.start(id));
      await expect(shim.run(shim.service.delete(id))).rejects.toThrow(/must have ended/);
      const waiting = shim.service.wait(id);
      shim.guest.process("web", true).exit(code);
      expect(await shim.run(waiting)).toMatchObject({ exitStatus: code });
      expect(await shim.run(shim.service.delete(id))).toMatchObject({ exitStatus: code });
    }
    const tokens = shim.guest.execs.map(({ execId }) => execId);
    expect(new Set(tokens).size).toBe(2);
    expect(shim.published.slice(2, 5)).toEqual(["exec-added web x1", "exec-started web x1", "exit web x1"]);
  });

  test.each([
    ["web", "already-exists"],
    ["x1", "already-exists"],
    ["../x", "invalid-argument"],
    ["x".repeat(77), "invalid-argument"],
    ["", "invalid-argument"],
  ])("id %j is refused", async (execId, code) => {
    const shim = new FakeShim();
    await shim.started("web");
    await shim.run(shim.service.exec(shim.execRequest("web", "x1")));
    await expect(shim.run(shim.service.exec(shim.execRequest("web", execId)))).rejects.toMatchObject({ code });
  });

  test("a failed start is reported, and waiting for it gives 255", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    shim.guest.fail("execProcess", new KataError("not-found", "exec: no such file"));
    await shim.run(shim.service.exec(shim.execRequest("web", "x1")));
    const id = { id: "web", execId: "x1" };
    await expect(shim.run(shim.service.start(id))).rejects.toMatchObject({ code: "not-found", stage: "exec" });
    expect(await shim.run(shim.service.wait(id))).toMatchObject({ exitStatus: 255 });
    await shim.run(shim.service.delete(id));
    expect(shim.published).not.toContain("exit web x1");
  });

  test("need a running container", async () => {
    const shim = new FakeShim();
    await shim.run(shim.service.create(shim.bundle("web")));
    await expect(shim.run(shim.service.exec(shim.execRequest("web", "x1")))).rejects.toThrow(
      "Cannot exec in container web: it must be running, it is created",
    );
  });

  test("a bad process names its field", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    const request = shim.execRequest("web", "x1", { args: ["a"], cwd: "relative" });
    await expect(shim.run(shim.service.exec(request))).rejects.toMatchObject({ field: "cwd" });
  });
});

describe("requests in the wrong state", () => {
  test.each([
    ["state", (shim: FakeShim) => shim.service.state({ id: "no", execId: "" })],
    ["kill", (shim: FakeShim) => shim.service.kill({ id: "no", execId: "", signal: 9, all: false })],
    ["start of an exec", (shim: FakeShim) => shim.service.start({ id: "web", execId: "no" })],
    ["wait", (shim: FakeShim) => shim.service.wait({ id: "no", execId: "" })],
    ["delete", (shim: FakeShim) => shim.service.delete({ id: "no", execId: "" })],
    ["stats", (shim: FakeShim) => shim.service.stats({ id: "no" })],
  ])("%s of what is not there is not-found", async (_name, call) => {
    const shim = new FakeShim();
    await shim.started("web");
    await expect(shim.run((async () => call(shim))())).rejects.toMatchObject({ code: "not-found" });
  });

  test("create twice, start twice, delete while it runs, shutdown while it is there", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    await expect(shim.run(shim.service.create(shim.bundle("web2")))).rejects.toMatchObject({
      code: "failed-precondition",
    });
    await expect(shim.run(shim.service.create({ ...shim.bundle("web3"), id: "web" }))).rejects.toMatchObject({
      code: "already-exists",
    });
    await expect(shim.run(shim.service.start(web))).rejects.toMatchObject({ code: "failed-precondition" });
    await expect(shim.run(shim.service.delete(web))).rejects.toMatchObject({ code: "failed-precondition" });
    const context = shim.context();
    shim.service.shutdown({ id: "web", now: false }, context);
    context.finish();
    expect(shim.shutdowns).toBe(0);
  });

  test.each([0, 65, 4294967295])("signal %d is refused", async (signal) => {
    const shim = new FakeShim();
    await shim.started("web");
    await expect(shim.run(shim.service.kill({ ...web, signal, all: false }))).rejects.toMatchObject({
      code: "invalid-argument",
      field: "signal",
    });
  });

  test("checkpoints are not implemented", async () => {
    const shim = new FakeShim();
    await expect(shim.run(shim.service.create({ ...shim.bundle("web"), checkpoint: "/c" }))).rejects.toMatchObject({
      code: "unimplemented",
    });
  });
});

describe("signals", () => {
  test("go to the container's first process, to all for SIGKILL, or to an exec", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    await shim.run(shim.service.kill({ ...web, signal: 10, all: false }));
    expect(shim.guest.process("web").signals).toEqual([10]);
    const waiting = shim.service.wait(web);
    await shim.run(shim.service.kill({ ...web, signal: 9, all: true }));
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    // Again, to be sure, as managers do; other signals find nobody.
    await shim.run(shim.service.kill({ ...web, signal: 15, all: false }));
    await expect(shim.run(shim.service.kill({ ...web, signal: 1, all: false }))).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test("SIGKILL works on a guest that hangs, by ending it", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    shim.guest.fail("signalProcess", "hang");
    const waiting = shim.service.wait(web);
    await expect(shim.run(shim.service.kill({ ...web, signal: 15, all: false }))).rejects.toMatchObject({
      code: "deadline-exceeded",
    });
    const before = shim.loop.nowMs();
    await shim.run(shim.service.kill({ ...web, signal: 9, all: false }));
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    expect(shim.loop.nowMs() - before).toBeLessThan(11_000);
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });
});

test("hooks run at their points, with the VMM's pid", async () => {
  const shim = new FakeShim();
  const hooks = Object.fromEntries(
    ["prestart", "createRuntime", "poststart", "poststop"].map((point) => [point, [{ path: `/hooks/${point}` }]]),
  );
  await shim.started("web", { ...minimalSpec, hooks });
  const pid = shim.backends.vmPid;
  expect(shim.backends.hooks).toEqual([
    `prestart /hooks/prestart web creating ${pid}`,
    `createRuntime /hooks/createRuntime web creating ${pid}`,
    `poststart /hooks/poststart web running ${pid}`,
  ]);
  shim.guest.process("web").exit(0);
  await shim.run(shim.service.wait(web));
  await shim.run(shim.service.delete(web));
  expect(shim.backends.hooks.at(-1)).toBe(`poststop /hooks/poststop web stopped ${pid}`);
  const failing = new FakeShim();
  failing.backends.failingHook = "/hooks/prestart";
  await expect(
    failing.run(failing.service.create(failing.bundle("web", { ...minimalSpec, hooks }))),
  ).rejects.toMatchObject({
    message: "The hook /hooks/prestart failed",
    stage: "create-container",
  });
  expect(failing.leftovers()).toEqual([]);
});

test("an end is announced after the start, also where hooks follow the start slowly, and before the deletion", async () => {
  const shim = new FakeShim();
  shim.backends.hookMs = 500;
  const hooks = { poststart: [{ path: "/hooks/slow" }] };
  await shim.run(shim.service.create(shim.bundle("web", { ...minimalSpec, hooks })));
  const starting = shim.service.start(web);
  await shim.loop.advance(100);
  shim.guest.process("web").exit(0);
  await shim.loop.advance(100);
  expect(shim.published).toEqual(["create web", "start web", "exit web web"]);
  await shim.run(starting);
  await shim.run(shim.service.delete(web));
  expect(shim.published.at(-1)).toBe("delete web");
});

test("of two deletions at once one finds nothing, and the deletion is announced once", async () => {
  const shim = new FakeShim();
  await shim.started("web");
  await shim.run(shim.service.exec(shim.execRequest("web", "x1")));
  await shim.run(shim.service.kill({ ...web, signal: 9, all: true }));
  await shim.run(shim.service.wait(web));
  for (const request of [{ id: "web", execId: "x1" }, web]) {
    const both = [shim.service.delete(request), shim.service.delete(request)];
    const results = await shim.run(Promise.allSettled(both));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(results[1]).toMatchObject({ reason: { code: "not-found" } });
  }
  expect(shim.published.filter((event) => event === "delete web").length).toBe(1);
});

test("an annotation that the operator does not allow is refused, and nothing is left", async () => {
  const shim = new FakeShim();
  const annotation = "io.katacontainers.config.hypervisor.path";
  await expect(
    shim.started("web", { ...minimalSpec, annotations: { [annotation]: "/bin/evil" } }),
  ).rejects.toMatchObject({
    code: "invalid-argument",
    stage: "load-config",
    message: expect.stringContaining(`annotation ${annotation}  `),
  });
  await shim.started("web", minimalSpec);
});

test("pause and resume pass through their states", async () => {
  const shim = new FakeShim();
  await shim.started("web");
  const pausing = shim.service.pause({ id: "web" });
  expect(shim.service.state(web).status).toBe(Status.PAUSING);
  await shim.run(pausing);
  expect(shim.service.state(web).status).toBe(Status.PAUSED);
  await expect(shim.run(shim.service.pause({ id: "web" }))).rejects.toMatchObject({ code: "failed-precondition" });
  await shim.run(shim.service.resume({ id: "web" }));
  expect(shim.service.state(web).status).toBe(Status.RUNNING);
  await expect(shim.run(shim.service.resume({ id: "web" }))).rejects.toMatchObject({ code: "failed-precondition" });
  expect(shim.published.slice(2)).toEqual(["paused web", "resumed web"]);
});

test("resize before the start is remembered, and sizes are bounded", async () => {
  const shim = new FakeShim();
  await shim.run(shim.service.create({ ...shim.bundle("web"), terminal: true }));
  await shim.run(shim.service.resizePty({ ...web, width: 100, height: 30 }));
  await shim.run(shim.service.start(web));
  await shim.loop.advance(10);
  expect(shim.guest.process("web").size).toEqual({ rows: 30, columns: 100 });
  await expect(shim.run(shim.service.resizePty({ ...web, width: 65536, height: 1 }))).rejects.toMatchObject({
    code: "invalid-argument",
  });
});

test("stats and update reach the guest", async () => {
  const shim = new FakeShim();
  await shim.started("web");
  const { stats } = await shim.run(shim.service.stats({ id: "web" }));
  expect(stats?.typeUrl).toBe("io.containerd.cgroups.v2.Metrics");
  const value = new Uint8Array([...'{"memory":{"limit":33554432}}'].map((char) => char.charCodeAt(0)));
  await shim.run(shim.service.update({ id: "web", resources: { typeUrl: "x", value }, annotations: {} }));
  expect(shim.guest.updates[0]?.resources?.Memory?.Limit).toBe(33554432n);
});

test("a guest that reports a want of memory without end is passed on ten times a second", async () => {
  const shim = new FakeShim();
  shim.guest.getOOMEvent = () => Promise.resolve({ containerId: "web" });
  await shim.started("web");
  const count = () => shim.published.filter((event) => event.startsWith("oom")).length;
  const before = count();
  await shim.loop.advance(1000);
  expect(count() - before).toBeGreaterThan(5);
  expect(count() - before).toBeLessThan(12);
});

test("out-of-memory reports become events", async () => {
  const shim = new FakeShim();
  await shim.started("web");
  shim.guest.reportOom("web");
  await shim.loop.advance(10);
  shim.guest.reportOom("somebody-else");
  await shim.loop.advance(10);
  expect(shim.published.slice(2)).toEqual(["oom web"]);
});
