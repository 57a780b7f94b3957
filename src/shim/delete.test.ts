import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { Logger } from "../base/logger.ts";
import type { SandboxRecord } from "../sandbox/record.ts";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { DeleteResponse } from "../wire/gen/containerd/task/v2/shim.ts";
import { parseShimArgs } from "./args.ts";
import { deleteContainer } from "./delete.ts";
import { shimSocketPath } from "./shim-socket.ts";

const args = parseShimArgs(["-namespace", "n", "-address", "/c.sock", "-id", "web", "-bundle", "/b", "delete"]);
const socket = shimSocketPath({ address: "/c.sock", namespace: "n", sandboxId: "web" });

const record: SandboxRecord = {
  version: 1,
  sandboxId: "web",
  bundle: "/b",
  namespace: "n",
  state: "running",
  createdMs: 0,
  shimPid: 100,
  hypervisor: "qemu",
  socket,
  containers: [],
  undo: [
    { kind: "remove-tree", path: "/run/vc/vm/web" },
    { kind: "remove-tree", path: "/run/kata-containers/shared/sandboxes/web" },
    { kind: "kill", pid: 101, startTicks: "7101", what: "VMM" },
  ],
};

const nobody = () => Promise.reject(new KataError("unavailable", "nobody listens"));

/** A socket's file whose owner is dead. */
function leaveSocket(sys: FakeSys, path: string): void {
  sys.mkdirAll(path.slice(0, path.lastIndexOf("/")));
  sys.close(sys.listen({ kind: "unix", path }));
}

/** A host with a sandbox whose shim (pid 100) and VMM (101) run. */
function host(): { sys: FakeSys; loop: FakeLoop; remove: (id?: string) => Promise<DeleteResponse> } {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  const { fake } = sys;
  const { onExit } = fake.processes;
  fake.processes.onSpawn = ({ pid }) => {
    fake.addFile(`/proc/${pid}/stat`, `${pid} (x) S ${"0 ".repeat(18)}7${pid} 0`);
    fake.addFile(`/proc/${pid}/cmdline`, "/bin/containerd-shim-kata-v2\0-namespace\0n\0-id\0web\0");
  };
  fake.processes.onExit = (process) => {
    sys.unlink(`/proc/${process.pid}/stat`);
    onExit(process);
  };
  for (let i = 0; i < 2; i++) sys.spawn({ path: "/bin/x", argv: ["x"], env: [] });
  fake.addFile("/b/config.json", "{}");
  fake.addFile("/b/shim.pid", "100");
  leaveSocket(sys, socket);
  fake.addFile("/run/vc/sbs/web/persist.json", JSON.stringify(record));
  fake.addFile("/run/vc/vm/web/console.log", "last words");
  fake.addDirectory("/run/kata-containers/shared/sandboxes/web/mounts/web/rootfs");
  const logger = new Logger({ sink: () => {}, wallMs: () => loop.wallMs() }, { level: "error" });
  const remove = async (id = "web") => {
    const work = deleteContainer({ sys, clock: loop, logger, connect: nobody }, { ...args, id });
    work.catch(() => {});
    await loop.advance(3000);
    return DeleteResponse.decode(await work);
  };
  return { sys, loop, remove };
}

const running = (sys: FakeSys) =>
  [...sys.fake.processes.table.values()].filter(({ status }) => status === undefined).map(({ pid }) => pid);

describe("deleteContainer()", () => {
  test("kills shim and VMM, removes everything, keeps the console, says 137", async () => {
    const { sys, remove } = host();
    expect(await remove()).toMatchObject({ exitStatus: 137, pid: 0 });
    expect(running(sys)).toEqual([]);
    for (const path of [socket, "/run/vc/sbs/web", "/run/vc/vm/web", "/run/kata-containers/shared/sandboxes/web"]) {
      expect(sys.exists(path)).toBe(false);
    }
    expect(sys.readText("/b/console.log")).toBe("last words");
    expect(sys.fake.openDescriptors).toEqual([]);
    expect(await remove()).toMatchObject({ exitStatus: 137 });
  });

  test("removes the socket where containerd wanted it, and no other file", async () => {
    const { sys, remove } = host();
    const elsewhere = `/run/s2/${socket.split("/").at(-1)}`;
    leaveSocket(sys, elsewhere);
    sys.fake.addFile("/b/address", `unix://${elsewhere}`);
    await remove();
    expect(sys.exists(elsewhere)).toBe(false);
    const trap = host();
    trap.sys.fake.addFile("/etc/passwd");
    trap.sys.fake.addFile("/b/address", "unix:///etc/passwd");
    await trap.remove();
    expect(trap.sys.exists("/etc/passwd")).toBe(true);
    expect(trap.sys.exists(socket)).toBe(false);
  });

  test("does not kill a process that only has the number of the shim", async () => {
    const { sys, remove } = host();
    sys.fake.addFile("/proc/100/cmdline", "/usr/bin/postgres\0-id\0web\0");
    await remove();
    expect(running(sys)).toEqual([100]);
  });

  test("does not kill a process that only has the number of the VMM", async () => {
    const { sys, remove } = host();
    sys.fake.addFile("/proc/101/stat", `101 (x) S ${"0 ".repeat(18)}9999 0`);
    await remove();
    expect(running(sys)).toEqual([101]);
  });

  test("a pod's workload container has nothing of its own", async () => {
    const { sys, remove } = host();
    sys.fake.addFile(
      "/b/config.json",
      '{"annotations":{"io.kubernetes.cri.container-type":"container","io.kubernetes.cri.sandbox-id":"web"}}',
    );
    expect(await remove("one")).toMatchObject({ exitStatus: 137 });
    expect(running(sys)).toEqual([100, 101]);
    expect(sys.exists("/run/vc/sbs/web/persist.json")).toBe(true);
  });

  test("a damaged record does not keep the directories", async () => {
    const { sys, remove } = host();
    sys.fake.addFile("/run/vc/sbs/web/persist.json", '{"version": 1, "sand');
    await remove();
    expect(sys.exists("/run/vc/vm/web")).toBe(false);
    expect(sys.exists("/run/vc/sbs/web")).toBe(false);
  });

  test("a record of another version is left alone, by its number", async () => {
    const { sys, remove } = host();
    sys.fake.addFile("/run/vc/sbs/web/persist.json", JSON.stringify({ ...record, version: 9 }));
    await expect(remove()).rejects.toThrow("/run/vc/sbs/web/persist.json is of version 9, this program knows 1");
    expect(sys.exists("/run/vc/vm/web")).toBe(true);
  });

  test("works without a bundle, and without anything", async () => {
    const { sys, remove } = host();
    sys.removeTree("/b");
    await remove();
    expect(sys.exists("/run/vc/sbs/web")).toBe(false);
    const empty = createFakeSys();
    const loop = new FakeLoop(empty);
    const logger = new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" });
    await expect(deleteContainer({ sys: empty, clock: loop, logger, connect: nobody }, args)).resolves.toBeInstanceOf(
      Uint8Array,
    );
  });

  test.each(["x y", "", "-5", "1", "999999999999"])("a shim.pid of %j is no pid", async (text) => {
    const { sys, remove } = host();
    sys.fake.addFile("/b/shim.pid", text);
    sys.fake.addFile("/run/vc/sbs/web/persist.json", JSON.stringify({ ...record, shimPid: 4 }));
    await remove();
    expect(running(sys)).toEqual([100]);
  });

  test("finds the shim by the sandbox's record when the bundle is gone", async () => {
    const { sys, remove } = host();
    sys.removeTree("/b");
    await remove();
    expect(running(sys)).toEqual([]);
  });

  test("asks the shim to go before it kills it, unless it is stopped", async () => {
    const { sys, remove } = host();
    await remove();
    expect(sys.fake.processes.table.get(100)?.signals).toEqual([15, 9]);
    const stopped = host();
    stopped.sys.fake.addFile("/proc/100/stat", `100 (x) T ${"0 ".repeat(18)}7100 0`);
    await stopped.remove();
    expect(stopped.sys.fake.processes.table.get(100)?.signals).toEqual([9]);
  });

  test("leaves a shim alone that was started later, with all that is its", async () => {
    const { sys, remove } = host();
    sys.fake.addFile(`/proc/${sys.pid()}/stat`, `42 (x) S ${"0 ".repeat(18)}7099 0`);
    await remove();
    expect(running(sys)).toEqual([100, 101]);
    expect(sys.exists(socket)).toBe(true);
    expect(sys.exists("/run/vc/vm/web")).toBe(true);
  });

  test("waits for another clean-up of the same sandbox, but not for ever", async () => {
    const { sys, remove } = host();
    const { lock } = sys;
    let held = true;
    Object.assign(sys, { lock: (...args: Parameters<typeof lock>) => !held && lock(...args) });
    await expect(remove()).rejects.toThrow("another process holds /run/vc/sbs/web");
    held = false;
    await remove();
    expect(sys.exists("/run/vc/sbs/web")).toBe(false);
    expect(sys.fake.openDescriptors).toEqual([]);
  });
});
