import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { failpointNames } from "../base/failpoint.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";
import { FakeShim, minimalSpec } from "./testing/fake-shim.ts";

const web = { id: "web", execId: "" };

describe("losing the VM", () => {
  test("before the agent answers fails create at once, with the VMM's words and the console", async () => {
    const shim = new FakeShim();
    Object.assign(shim.backends, { stderrTail: ["qemu: out of luck"], consoleTail: ["Kernel panic"] });
    const creating = shim.service.create(shim.bundle("web"));
    creating.catch(() => {});
    await shim.loop.advance(100);
    const before = shim.loop.nowMs();
    shim.backends.killVm({ kind: "exited", code: 1 });
    const error = await shim.run(creating).catch((reason: unknown) => KataError.from(reason));
    expect(error).toMatchObject({
      code: "unavailable",
      stage: "boot-guest",
      message: "fake exited with code 1 while the guest was booting",
      cause: {
        message: "fake said: qemu: out of luck",
        cause: { message: "The guest's console ended with:\nKernel panic" },
      },
    });
    expect(shim.loop.nowMs() - before).toBeLessThan(1000);
    expect(shim.leftovers()).toEqual([]);
    expect(shim.tasks.inUse).toBe(false);
  });

  test("while it runs ends every container and exec with 137 within a second", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    await shim.run(shim.service.exec(shim.execRequest("web", "x1")));
    await shim.run(shim.service.start({ id: "web", execId: "x1" }));
    const waiting = [shim.service.wait(web), shim.service.wait({ id: "web", execId: "x1" })];
    const before = shim.loop.nowMs();
    shim.backends.killVm();
    for (const wait of waiting) expect(await shim.run(wait)).toMatchObject({ exitStatus: 137 });
    expect(shim.loop.nowMs() - before).toBeLessThan(1000);
    expect([...shim.published.slice(-2)].sort()).toEqual(["exit web web", "exit web x1"]);
    expect(shim.service.state(web).status).toBe(Status.STOPPED);
    await expect(shim.run(shim.service.exec(shim.execRequest("web", "x2")))).rejects.toMatchObject({
      code: "failed-precondition",
    });
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
    const error = shim.records.find(({ message }) => message === "sandbox failed")?.fields.error;
    expect(String(error)).toContain("fake was killed by signal 9 (SIGKILL) while containers were running");
  });

  test("the share-fs daemon's end is named", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    const waiting = shim.service.wait(web);
    shim.backends.killShareFs();
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    const error = shim.records.find(({ message }) => message === "sandbox failed")?.fields.error;
    expect(String(error)).toContain("The share-fs daemon (virtiofsd) was killed by signal 9");
  });

  test("the agent's end counts as the VM's", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    const waiting = shim.service.wait(web);
    shim.guest.die();
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });
});

describe("a failure at any step of create leaves nothing", () => {
  const during = failpointNames.filter(
    (name) => !/start$|started$|^exec|^stop/.test(name) || /^(share-fs|vmm)/.test(name),
  );
  test.each(during)("%s", async (name) => {
    const shim = new FakeShim(`${name}=error`);
    const error = await shim.run(shim.service.create(shim.bundle("web"))).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "internal", message: `Failpoint ${name} was told to fail` });
    expect((error as KataError).stage).toBeDefined();
    expect(shim.leftovers()).toEqual([]);
    expect(shim.tasks.inUse).toBe(false);
    expect(shim.published).toEqual([]);
  });

  test.each([
    ["createSandbox", "prepare-sandbox"],
    ["createContainer", "create-container"],
  ] as const)("%s in the guest", async (method, stage) => {
    const shim = new FakeShim();
    shim.guest.fail(method, new KataError("internal", "no"));
    await expect(shim.run(shim.service.create(shim.bundle("web")))).rejects.toMatchObject({ stage, message: "no" });
    expect(shim.leftovers()).toEqual([]);
  });

  test.each(["container-before-start", "container-started"])("%s: the container can be deleted", async (name) => {
    const shim = new FakeShim(`${name}=error`);
    await shim.run(shim.service.create(shim.bundle("web")));
    await expect(shim.run(shim.service.start(web))).rejects.toMatchObject({ stage: "start-container" });
    expect(await shim.run(shim.service.wait(web))).toMatchObject({ exitStatus: 255 });
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });

  test.each(["stop-before-vmm", "stop-before-unwind"])("%s: what is left is told to the log", async (name) => {
    const shim = new FakeShim(`${name}=error`);
    await shim.started("web");
    shim.guest.process("web").exit(0);
    await shim.run(
      shim.service.delete(web).catch(() => shim.run(shim.service.wait(web)).then(() => shim.service.delete(web))),
    );
    expect(shim.records.some(({ level, fields }) => level === "error" && String(fields.error).includes(name))).toBe(
      true,
    );
  });

  test("a mount that fails in the kernel", async () => {
    for (let failing = 0; failing < 3; failing++) {
      const shim = new FakeShim();
      let count = 0;
      shim.sys.fake.fail("mount", { code: "EPERM", when: () => count++ === failing });
      await expect(shim.run(shim.service.create(shim.bundle("web")))).rejects.toMatchObject({ stage: "share-rootfs" });
      expect(shim.leftovers()).toEqual([]);
    }
  });

  test("a full disk", async () => {
    for (let failing = 0; failing < 6; failing++) {
      const shim = new FakeShim();
      let count = 0;
      shim.sys.fake.fail("writeFile", { code: "ENOSPC", when: () => count++ === failing });
      await shim.run(shim.service.create(shim.bundle("web")).catch(() => {}));
      if (shim.tasks.inUse) {
        await shim.run(shim.service.kill({ ...web, signal: 9, all: false }));
        await shim.run(shim.service.delete(web));
      }
      expect(shim.leftovers()).toEqual([]);
    }
  });
  test("a disk that fills up later: the sandbox runs on, and ends completely", async () => {
    const shim = new FakeShim();
    await shim.started("web");
    shim.sys.fake.fail("writeFile", "ENOSPC");
    await shim.run(shim.service.exec(shim.execRequest("web", "x1")));
    await shim.run(shim.service.start({ id: "web", execId: "x1" }));
    shim.guest.process("web").exit(0);
    expect(await shim.run(shim.service.wait(web))).toMatchObject({ exitStatus: 0 });
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });
});

describe("bad requests start nothing", () => {
  test.each<[string, object, object]>([
    ["no program", { ...minimalSpec, process: { args: [], cwd: "/" } }, { field: "process.args" }],
    ["no process", { ...minimalSpec, process: undefined }, { field: "process" }],
    [
      "a missing mount source",
      { ...minimalSpec, mounts: [{ destination: "/d", type: "bind", source: "/none" }] },
      {
        field: "mounts[0].source",
        stage: "share-rootfs",
        code: "not-found",
      },
    ],
    ["a missing root", { ...minimalSpec, root: { path: "/none" } }, { field: "root.path", code: "not-found" }],
    [
      "an unknown kind",
      { ...minimalSpec, annotations: { "io.kubernetes.cri.container-type": "vm" } },
      { code: "invalid-argument" },
    ],
  ])("%s", async (_name, spec, expected) => {
    const shim = new FakeShim();
    await expect(shim.run(shim.service.create(shim.bundle("web", spec)))).rejects.toMatchObject(expected);
    expect(shim.sys.fake.spawned).toEqual([]);
    expect(shim.leftovers()).toEqual([]);
  });

  test.each([
    ["a bad id", { id: "../x" }, { field: "id" }],
    ["a bundle with ..", { bundle: "/bundles/../x" }, { field: "bundle" }],
    ["a missing bundle", { bundle: "/none" }, { field: "bundle", code: "not-found" }],
    ["a bad stdout", { stdout: "http://x" }, { field: "stdout" }],
    ["a missing stdin", { stdin: "/none" }, { field: "stdin", code: "not-found" }],
    [
      "a block device as root",
      { rootfs: [{ type: "ext4", source: "/dev/vdb", target: "", options: [] }] },
      { field: "rootfs[0]" },
    ],
  ])("%s", async (_name, changes, expected) => {
    const shim = new FakeShim();
    await expect(shim.run(shim.service.create({ ...shim.bundle("web"), ...changes }))).rejects.toMatchObject(expected);
    expect(shim.sys.fake.spawned).toEqual([]);
    expect(shim.leftovers()).toEqual([]);
  });

  test("a configuration that does not exist", async () => {
    const shim = new FakeShim();
    shim.sys.unlink("/etc/kata.toml");
    await expect(shim.run(shim.service.create(shim.bundle("web")))).rejects.toMatchObject({ stage: "load-config" });
  });
});

test("a leftover of a dead shim is cleaned up first", async () => {
  const dead = new FakeShim("agent-connected=delay:60000");
  dead.service.create(dead.bundle("web")).catch(() => {});
  await dead.loop.advance(3000);
  expect(dead.leftovers().length).toBeGreaterThan(3);
  const record = dead.sys.readText("/run/vc/sbs/web/persist.json");
  const shim = new FakeShim();
  shim.sys.fake.addFile("/run/vc/sbs/web/persist.json", record);
  shim.sys.fake.addFile("/run/vc/vm/web/vmm.log", "old words");
  await shim.started("web");
  expect(shim.records.some(({ message }) => message === "cleaning up after a sandbox of the same id")).toBe(true);
  expect(shim.sys.readText("/bundles/web/vmm.log")).toBe("old words");
  const waiting = shim.service.wait(web);
  await shim.run(shim.service.kill({ ...web, signal: 9, all: false }));
  await shim.run(waiting);
  await shim.run(shim.service.delete(web));
  expect(shim.leftovers()).toEqual([]);
});

test("a container that the guest may have made when its creation fails is taken out of the guest", async () => {
  const shim = new FakeShim();
  const annotations = (type: string) => ({
    ...minimalSpec,
    annotations: { "io.kubernetes.cri.container-type": type, "io.kubernetes.cri.sandbox-id": "pod" },
  });
  await shim.started("pod", annotations("sandbox"));
  shim.guest.fail("createContainer", new KataError("deadline-exceeded", "too late"));
  const request = shim.bundle("web", annotations("container"));
  await expect(shim.run(shim.service.create(request))).rejects.toMatchObject({ message: "too late" });
  expect(shim.guest.calls.filter((call) => /Container$/.test(call))).toEqual(["createContainer", "removeContainer"]);
  shim.guest.recover("createContainer");
  await shim.run(shim.service.create(request));
});
