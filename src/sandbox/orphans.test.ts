import { beforeEach, describe, expect, test } from "vitest";
import { Logger } from "../base/logger.ts";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { findOrphans, type Orphan, removeOrphan } from "./orphans.ts";
import { writeRecord } from "./record.ts";
import { showChildrenInProc } from "./testing/proc-of-children.ts";

let sys: FakeSys;
let loop: FakeLoop;
beforeEach(() => {
  sys = createFakeSys();
  loop = new FakeLoop(sys);
  sys.fake.addDirectory("/proc");
  sys.fake.addFile("/proc/self/mountinfo", "");
  showChildrenInProc(sys);
});

const spawn = (...argv: string[]) => sys.spawn({ path: argv[0] ?? "", argv, env: [] });
const isAlive = (pid: number) => sys.fake.processes.table.get(pid)?.status === undefined;
const found = () => findOrphans({ sys, clock: loop });
const paths = () => found().orphans.map(({ path }) => path);

/** What a sandbox of ours has on disk. */
function leave(sandboxId: string, undo: Parameters<typeof writeRecord>[2]["undo"] = []): void {
  const stateDir = `/run/vc/sbs/${sandboxId}`;
  sys.fake.addDirectory(stateDir);
  sys.fake.addFile(`/run/vc/vm/${sandboxId}/console.log`, "last words");
  sys.fake.addDirectory(`/run/kata-containers/shared/sandboxes/${sandboxId}/mounts/web`);
  const facts = { bundle: "/b", namespace: "n", hypervisor: "qemu", socket: `/run/containerd/s/${sandboxId}` };
  const state = { version: 1, state: "running", createdMs: 0, shimPid: 900, containers: [], undo } as const;
  writeRecord(sys, stateDir, { ...facts, ...state, sandboxId });
  sys.mkdirAll("/run/containerd/s");
  sys.close(sys.listen({ kind: "unix", path: facts.socket }));
}

async function remove(): Promise<readonly Error[]> {
  const logger = new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" });
  const errors: Error[] = [];
  for (const orphan of found().orphans) {
    const work = removeOrphan({ sys, clock: loop, logger }, orphan);
    await loop.advance(100);
    errors.push(...(await work));
  }
  return errors;
}

describe("findOrphans()", () => {
  test("finds nothing where nothing ever ran", () => {
    expect(found()).toEqual({ orphans: [], spared: [] });
  });

  test("finds a sandbox whose shim is dead, with all that is its", async () => {
    leave("web", [{ kind: "kill", pid: 100, startTicks: "7100", what: "VMM" }]);
    const vmm = spawn("/usr/bin/qemu-system-x86_64", "-name", "web");
    const stray = spawn("/usr/libexec/virtiofsd", "--shared-dir=x,/run/kata-containers/shared/sandboxes/web/shared");
    const reader = spawn("/usr/bin/tail", "-f", "/run/vc/vm/web/console.log");
    expect(found()).toEqual({
      orphans: [{ kind: "sandbox", sandboxId: "web", path: "/run/vc/sbs/web", why: "its shim (pid 900) is dead" }],
      spared: [],
    });
    expect(await remove()).toEqual([]);
    expect([vmm, stray, reader].map(isAlive)).toEqual([false, false, true]);
    for (const path of ["/run/vc/sbs/web", "/run/vc/vm/web", "/run/containerd/s/web"]) {
      expect(sys.exists(path)).toBe(false);
    }
    expect(found().orphans).toEqual([]);
    expect(sys.fake.openDescriptors).toEqual([]);
  });

  test("does not touch what lives, also when it came to life in between", async () => {
    leave("web");
    const [orphan] = found().orphans as [Orphan];
    const { lock } = sys;
    Object.assign(sys, { lock: () => false });
    expect(found()).toEqual({ orphans: [], spared: [] });
    const logger = new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" });
    const [error] = await removeOrphan({ sys, clock: loop, logger }, orphan);
    expect(error?.message).toBe("/run/vc/sbs/web is no orphan any more: its shim lives");
    expect(sys.exists("/run/vc/vm/web")).toBe(true);
    Object.assign(sys, { lock });
  });

  test("does not touch another program's sandbox, nor one of another version", async () => {
    sys.fake.addFile("/run/vc/sbs/go/persist.json", '{"State":"running","PersistVersion":2}');
    sys.fake.addFile("/run/vc/sbs/new/persist.json", '{"version":9}');
    sys.fake.addFile("/run/vc/sbs/odd/state.bin", "");
    sys.fake.addFile("/run/vc/vm/go/qmp.sock");
    sys.fake.addFile("/run/vc/vm/rust/nydus.json");
    sys.fake.addDirectory("/run/kata-containers/shared/sandboxes/rust/passthrough");
    await loop.advance(60_000);
    const { orphans, spared } = found();
    expect(orphans).toEqual([]);
    expect(spared.map(({ path }) => path)).toEqual([
      "/run/vc/sbs/go",
      "/run/vc/sbs/new",
      "/run/vc/sbs/odd",
      "/run/vc/vm/rust",
      "/run/kata-containers/shared/sandboxes/rust",
    ]);
  });

  test("finds directories without a sandbox unless a process uses them", async () => {
    sys.fake.addFile("/run/vc/vm/gone/vmm.log", "");
    sys.fake.addDirectory("/run/kata-containers/shared/sandboxes/gone/shared");
    sys.fake.addFile("/run/vc/vm/used/vmm.log", "");
    spawn("/usr/bin/qemu-system-x86_64", "-chardev", "socket,path=/run/vc/vm/used/qmp.sock,server=on");
    sys.fake.addFile("/run/vc/vm/use/vmm.log", "");
    expect(paths()).toEqual(["/run/vc/vm/gone", "/run/vc/vm/use", "/run/kata-containers/shared/sandboxes/gone"]);
    expect(await remove()).toEqual([]);
    expect(paths()).toEqual([]);
    expect(sys.exists("/run/vc/vm/used/vmm.log")).toBe(true);
  });

  test("gives a shim that has just begun the time to write its record", async () => {
    sys.fake.addDirectory("/run/vc/sbs/young");
    expect(paths()).toEqual([]);
    await loop.advance(20_000);
    expect(paths()).toEqual(["/run/vc/sbs/young"]);
    expect(await remove()).toEqual([]);
    expect(sys.exists("/run/vc/sbs/young")).toBe(false);
  });

  test("does not take a directory for new whose time is in the future, as after the clock was set back", () => {
    sys.fake.addDirectory("/run/vc/sbs/young");
    sys.fake.setWallMs(loop.wallMs() - 3600_000);
    expect(paths()).toEqual(["/run/vc/sbs/young"]);
  });

  test("finds cgroups of ours that are empty and whose sandbox is gone", async () => {
    leave("web");
    const root = "/sys/fs/cgroup";
    for (const hierarchy of sys.exists(root) ? [root] : ["memory", "cpu", "pids"].map((name) => `${root}/${name}`)) {
      sys.fake.addFile(`${hierarchy}/kata_overhead_web/cgroup.procs`, "");
      sys.fake.addFile(`${hierarchy}/kata_overhead_gone/cgroup.procs`, "");
      sys.fake.addFile(`${hierarchy}/kata_overhead_busy/cgroup.procs`, "17\n");
      sys.fake.addDirectory(`${hierarchy}/kata_overhead`);
    }
    const { orphans, spared } = found();
    const cgroups = orphans.filter(({ kind }) => kind === "cgroup");
    expect(new Set(cgroups.map(({ sandboxId }) => sandboxId))).toEqual(new Set(["gone"]));
    expect(new Set(spared.map(({ why }) => why))).toEqual(new Set(["it has processes"]));
  });
});
