import { beforeEach, describe, expect, test } from "vitest";
import { Logger, type LogRecord } from "../base/logger.ts";
import { sandboxPaths } from "../resource/paths.ts";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { cleanUpSandbox } from "./cleanup.ts";
import { writeRecord } from "./record.ts";
import { showChildrenInProc } from "./testing/proc-of-children.ts";

let sys: FakeSys;
let loop: FakeLoop;
let records: LogRecord[];
beforeEach(() => {
  sys = createFakeSys();
  loop = new FakeLoop(sys);
  records = [];
  sys.fake.addFile("/proc/self/mountinfo", "");
  showChildrenInProc(sys);
  for (const id of ["web", "web2"]) leave(id);
});

/** What a sandbox has on disk. */
function leave(sandboxId: string): void {
  const { stateDir, vmDir, share } = sandboxPaths(sandboxId);
  for (const path of [stateDir, share.mounts]) sys.fake.addDirectory(path);
  sys.fake.addFile(`${vmDir}/console.log`, "last words");
  writeRecord(sys, stateDir, {
    version: 1,
    sandboxId,
    bundle: "/b",
    namespace: "n",
    state: "running",
    createdMs: 0,
    shimPid: 900,
    hypervisor: "qemu",
    socket: "",
    containers: [],
    undo: [],
  });
}

const spawn = (...argv: string[]) => sys.spawn({ path: argv[0] ?? "", argv, env: [] });
const isAlive = (pid: number) => sys.fake.processes.table.get(pid)?.status === undefined;
const recordLeft = () => sys.exists(`${sandboxPaths("web").stateDir}/persist.json`);

async function cleanUp(): Promise<readonly Error[]> {
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "debug" });
  const work = cleanUpSandbox({ sys, clock: loop, logger }, { sandboxId: "web" });
  work.catch(() => {});
  await loop.advance(5000);
  return work;
}

describe("processes that are not on the undo list", () => {
  const { vmDir, share } = sandboxPaths("web");

  test.each([
    ["the VMM", ["/usr/bin/qemu-system-x86_64", "-chardev", `socket,path=${vmDir}/agent.sock,server=on`]],
    ["a daemon", ["/usr/libexec/virtiofsd", "--shared-dir", share.shared, "--fd=3"]],
    ["a daemon's worker, whose options end with the path", ["virtiofsd", "-o", `cache=auto,source=${share.shared}`]],
    ["a daemon that is named without its place", ["vhost-device-vsock", "--vm", `socket=${vmDir}/vhost-vsock.sock`]],
  ])("%s is killed", async (_what, argv) => {
    const pid = spawn(...argv);
    expect(await cleanUp()).toEqual([]);
    expect(isAlive(pid)).toBe(false);
    expect(recordLeft()).toBe(false);
  });

  test.each([
    ["somebody who looks at a log", ["tail", "-f", `${vmDir}/console.log`]],
    [
      "the VMM of a sandbox whose name begins alike",
      ["qemu-system-x86_64", `${sandboxPaths("web2").vmDir}/agent.sock`],
    ],
    ["a VMM of somebody else", ["/usr/bin/qemu-system-x86_64", "-name", "web"]],
    ["a program that has a VMM's name among its words", ["sh", "-c", "/usr/bin/qemu-system-x86_64", `${vmDir}/x`]],
  ])("%s is not", async (_what, argv) => {
    const pid = spawn(...argv);
    expect(await cleanUp()).toEqual([]);
    expect(isAlive(pid)).toBe(true);
    expect(sys.exists(sandboxPaths("web2").vmDir)).toBe(true);
  });

  test("one that does not go away is a problem, and the record stays for the next clean-up", async () => {
    const pid = spawn("virtiofsd", `--shared-dir=${share.shared}`);
    const { processes } = sys.fake;
    const stop = sys.fake.fail("kill", { code: "ESRCH" });
    expect(await cleanUp()).toMatchObject([{ message: `Process ${pid} is still there 2000 ms after SIGKILL` }]);
    expect(recordLeft()).toBe(true);
    stop();
    expect(await cleanUp()).toEqual([]);
    expect(processes.table.get(pid)?.signals).toEqual([9]);
    expect(recordLeft()).toBe(false);
  });

  test("one that ended meanwhile is no problem", async () => {
    const pid = spawn("virtiofsd", `--shared-dir=${share.shared}`);
    loop.setTimer(0, () => sys.fake.processes.exit(pid, { kind: "exited", code: 0 }));
    expect(await cleanUp()).toEqual([]);
  });
});

test("a full disk does not keep anything from being removed", async () => {
  sys.fake.fail("writeFile", "ENOSPC");
  expect(await cleanUp()).toEqual([]);
  const { stateDir, vmDir, share } = sandboxPaths("web");
  for (const path of [stateDir, vmDir, share.root]) expect(sys.exists(path)).toBe(false);
  expect(records.filter(({ message }) => message === "cannot update the sandbox's record")).toHaveLength(1);
});
