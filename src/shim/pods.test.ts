import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { Metrics } from "../wire/gen/cgroups/v2/metrics.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";
import { FakeShim, minimalSpec } from "./testing/fake-shim.ts";

const pod = { id: "pod", execId: "" };

const cri = (type: string, more: object = {}) => ({
  ...minimalSpec,
  annotations: { "io.kubernetes.cri.container-type": type, "io.kubernetes.cri.sandbox-id": "pod" },
  ...more,
});

describe("a pod's own container", () => {
  test("lives on the host alone: nothing of it reaches the guest, and the sandbox ends with it", async () => {
    const shim = new FakeShim();
    const { service } = shim;
    const { pid } = await shim.run(service.create(shim.bundle("pod", cri("sandbox"))));
    expect(service.state(pod)).toMatchObject({ status: Status.CREATED, pid });
    expect(await shim.run(service.start(pod))).toEqual({ pid });
    expect(service.state(pod)).toMatchObject({ status: Status.RUNNING, pid });
    expect(service.pids({ id: "pod" })).toEqual({ processes: [{ pid }] });
    expect(service.connect({ id: "pod" })).toMatchObject({ taskPid: pid });
    expect(shim.guest.created).toEqual([]);
    expect(shim.guest.calls).not.toContain("startContainer");
    expect(shim.sys.fake.mounts.filter(({ target }) => target.includes("/pod/rootfs"))).toEqual([]);
    const waiting = service.wait(pod);
    await shim.run(service.kill({ ...pod, signal: 9, all: true }));
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    await shim.run(service.delete(pod));
    expect(shim.published).toEqual(["create pod", "start pod", "exit pod pod", "delete pod"]);
    expect(shim.leftovers()).toEqual([]);
    expect(shim.backends.stopped).toBe(1);
  });

  test.each([
    [15, 143],
    [2, 130],
    [9, 137],
  ])("ends by signal %d with code %d, also before its start", async (signal, code) => {
    for (const started of [true, false]) {
      const shim = new FakeShim();
      await shim.run(shim.service.create(shim.bundle("pod", cri("sandbox"))));
      if (started) await shim.run(shim.service.start(pod));
      const waiting = shim.service.wait(pod);
      for (const ignored of [1, 10, 17]) await shim.run(shim.service.kill({ ...pod, signal: ignored, all: false }));
      expect(shim.service.state(pod).status).toBe(started ? Status.RUNNING : Status.CREATED);
      await shim.run(shim.service.kill({ ...pod, signal, all: false }));
      expect(await shim.run(waiting)).toMatchObject({ exitStatus: code });
      expect(shim.service.state(pod)).toMatchObject({ status: Status.STOPPED, exitStatus: code });
      // Again, to be sure, as managers do; other signals find nobody.
      await shim.run(shim.service.kill({ ...pod, signal: 9, all: false }));
      await shim.run(shim.service.kill({ ...pod, signal: 15, all: false }));
      await expect(shim.run(shim.service.kill({ ...pod, signal: 1, all: false }))).rejects.toMatchObject({
        code: "not-found",
      });
      await shim.run(shim.service.delete(pod));
      expect(shim.leftovers()).toEqual([]);
    }
  });

  test("takes no execs and no pauses, and says why", async () => {
    const shim = new FakeShim();
    await shim.started("pod", cri("sandbox"));
    const because = {
      code: "failed-precondition",
      message: expect.stringMatching(/^Cannot (exec in|pause|resume) container pod: it stands for its pod/),
      hint: "Name one of the pod's workload containers",
    };
    await expect(shim.run(shim.service.exec(shim.execRequest("pod", "x")))).rejects.toMatchObject(because);
    await expect(shim.run(shim.service.pause({ id: "pod" }))).rejects.toMatchObject(because);
    await expect(shim.run(shim.service.resume({ id: "pod" }))).rejects.toMatchObject(because);
    await expect(shim.run(shim.service.start({ id: "pod", execId: "x" }))).rejects.toMatchObject({ code: "not-found" });
    await shim.run(shim.service.resizePty({ ...pod, width: 80, height: 24 }));
  });

  test("has the statistics of the sandbox's programs on the host", async () => {
    const shim = new FakeShim();
    await shim.started("pod", cri("sandbox"));
    const { stats } = await shim.run(shim.service.stats({ id: "pod" }));
    const metrics = Metrics.decode(stats?.value ?? new Uint8Array(0));
    // VMM and share-fs daemon, each with what the fake's /proc says.
    expect(metrics.memory).toMatchObject({ usage: 2n * 3120n * 1024n, anon: 2n * 100n * 1024n });
    expect(metrics.cpu).toMatchObject({ usageUsec: 1_000_000n, userUsec: 600_000n, systemUsec: 400_000n });
  });

  test("needs neither a process nor a rootfs, and a program of its own is not run", async () => {
    const shim = new FakeShim();
    const { process: _process, root: _root, ...bare } = cri("sandbox");
    await shim.run(shim.service.create(shim.bundle("pod", bare)));
    expect(shim.records.some(({ message }) => message.includes("not run"))).toBe(false);
    const custom = new FakeShim();
    const process = { args: ["/bin/init"], cwd: "/" };
    await custom.run(custom.service.create(custom.bundle("pod", cri("sandbox", { process }))));
    const line = custom.records.find(({ message }) => message === "the program of the pod's own container is not run");
    expect(line?.fields).toMatchObject({ container: "pod", program: "/bin/init" });
  });

  test("its hooks run", async () => {
    const shim = new FakeShim();
    const hooks = Object.fromEntries(
      ["prestart", "createRuntime", "poststart", "poststop"].map((point) => [point, [{ path: `/hooks/${point}` }]]),
    );
    await shim.started("pod", cri("sandbox", { hooks }));
    await shim.run(shim.service.kill({ ...pod, signal: 9, all: false }));
    await shim.run(shim.service.delete(pod));
    expect(shim.backends.hooks.map((hook) => hook.split(" ")[0])).toEqual([
      "prestart",
      "createRuntime",
      "poststart",
      "poststop",
    ]);
  });

  test("its kernel parameters reach the guest with the first workload container, under that one's own", async () => {
    const shim = new FakeShim();
    const linux = (sysctl: object) => ({ linux: { ...minimalSpec.linux, sysctl } });
    await shim.started("pod", cri("sandbox", linux({ "net.core.somaxconn": "99", "kernel.msgmax": "1" })));
    await shim.started("one", cri("container", linux({ "kernel.msgmax": "2" })));
    await shim.started("two", cri("container"));
    expect(shim.guest.created.map(({ OCI }) => ({ ...OCI?.Linux?.Sysctl }))).toEqual([
      { "net.core.somaxconn": "99", "kernel.msgmax": "2" },
      {},
    ]);
  });

  test("a start that fails leaves a task to be deleted, and waiting for it gives 255", async () => {
    const shim = new FakeShim("container-before-start=error");
    await shim.run(shim.service.create(shim.bundle("pod", cri("sandbox"))));
    await expect(shim.run(shim.service.start(pod))).rejects.toMatchObject({ stage: "start-container" });
    expect(await shim.run(shim.service.wait(pod))).toMatchObject({ exitStatus: 255 });
    await shim.run(shim.service.delete(pod));
    expect(shim.leftovers()).toEqual([]);
    expect(shim.published).not.toContain("exit pod pod");
  });
});

describe("containers of a pod", () => {
  test("join the sandbox, come and go; the sandbox goes with its own container", async () => {
    const shim = new FakeShim();
    await shim.started("pod", cri("sandbox"));
    expect(shim.guest.sandboxes[0]?.storages.map(({ driver }) => driver)).toEqual(["virtio-fs", "ephemeral"]);
    for (const id of ["one", "two"]) await shim.started(id, cri("container"));
    const waiting = shim.service.wait({ id: "one", execId: "" });
    shim.guest.process("one").exit(3);
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 3 });
    const mounts = shim.sys.fake.mounts.length;
    await shim.run(shim.service.delete({ id: "one", execId: "" }));
    expect(shim.sys.fake.mounts.length).toBe(mounts - 1);
    expect(shim.guest.calls).toContain("removeContainer");
    await shim.started("one", cri("container"));
    expect(shim.service.state({ id: "two", execId: "" }).status).toBe(Status.RUNNING);
    const ends = ["one", "two"].map((id) => shim.service.wait({ id, execId: "" }));
    await shim.run(shim.service.kill({ ...pod, signal: 15, all: false }));
    for (const end of ends) expect(await shim.run(end)).toMatchObject({ exitStatus: 137 });
    for (const id of ["one", "two", "pod"]) await shim.run(shim.service.delete({ id, execId: "" }));
    expect(shim.leftovers()).toEqual([]);
  });

  test("that cannot be created leave the others alone", async () => {
    const shim = new FakeShim();
    await shim.started("pod", cri("sandbox"));
    const before = shim.sys.fake.mounts.length;
    shim.guest.fail("createContainer", new KataError("invalid-argument", "bad container"));
    await expect(shim.run(shim.service.create(shim.bundle("one", cri("container"))))).rejects.toThrow("bad container");
    expect(shim.sys.fake.mounts.length).toBe(before);
    shim.guest.recover("createContainer");
    await shim.started("one", cri("container"));
    expect(shim.service.state({ id: "pod", execId: "" }).status).toBe(Status.RUNNING);
  });

  test("of another sandbox are refused", async () => {
    const shim = new FakeShim();
    await shim.started("pod2", cri("sandbox"));
    await expect(shim.run(shim.service.create(shim.bundle("one", cri("container"))))).rejects.toMatchObject({
      code: "not-found",
      message: "This shim has no sandbox pod",
    });
  });
});
