import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compareSnapshots, expectNoLeaks, run, snapshotHost } from "../support/leak-check.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "kata-leak-check-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The kinds of the differences that `plant` causes, such as `+ mounts`. */
async function kindsAfter(plant: () => Promise<() => unknown> | (() => unknown)): Promise<string[]> {
  const before = snapshotHost([directory]);
  const undo = await plant();
  try {
    return compareSnapshots(before, snapshotHost([directory])).map((line) => line.slice(0, line.indexOf(":")));
  } finally {
    await undo();
  }
}

describe("the leak check sees", () => {
  test("a process", async () => {
    const program = path.join(directory, "virtiofsd");
    symlinkSync("/bin/sleep", program);
    const before = snapshotHost();
    const child: ChildProcess = spawn(program, ["60"], { stdio: "ignore" });
    await new Promise((resolve) => child.once("spawn", resolve));
    await expect(expectNoLeaks(before, { settleMs: 100 })).rejects.toThrow(`+ processes: ${child.pid} virtiofsd`);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    await expectNoLeaks(before);
  });

  test("a mount, twice on the same place too", async () => {
    run("mount", "-t", "tmpfs", "tmpfs", directory);
    try {
      const kinds = await kindsAfter(() => {
        run("mount", "-t", "tmpfs", "tmpfs", directory);
        return () => run("umount", directory);
      });
      expect(kinds).toEqual(["+ mounts"]);
    } finally {
      run("umount", directory);
    }
  });

  test("a listening socket and its file", async () => {
    const kinds = await kindsAfter(async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(path.join(directory, "qmp.sock"), resolve));
      return () => new Promise((resolve) => server.close(resolve));
    });
    expect(kinds).toEqual(["+ unix sockets", "+ directories"]);
  });

  test("a network link and a network namespace", async () => {
    const name = `kata-lk-${process.pid}`.slice(0, 15);
    const kinds = await kindsAfter(() => {
      run("ip", "netns", "add", name);
      run("ip", "link", "add", name, "type", "bridge");
      return () => {
        run("ip", "link", "del", name);
        run("ip", "netns", "del", name);
      };
    });
    // The first `ip netns add` of a boot mounts /run/netns itself too.
    expect([...new Set(kinds)].sort()).toEqual(["+ links", "+ mounts", "+ network namespaces"]);
  });

  test("an open descriptor", async () => {
    const kinds = await kindsAfter(() => {
      const file = path.join(directory, "..", `kata-fd-${process.pid}`);
      writeFileSync(file, "");
      const fd = openSync(file, "r");
      return () => {
        closeSync(fd);
        rmSync(file);
      };
    });
    expect(kinds).toEqual(["+ our descriptors"]);
  });

  test("a directory that stays and one that vanishes", async () => {
    mkdirSync(path.join(directory, "old"));
    const kinds = await kindsAfter(() => {
      rmSync(path.join(directory, "old"), { recursive: true });
      mkdirSync(path.join(directory, "new"));
      return () => undefined;
    });
    expect(kinds).toEqual(["+ directories", "- directories"]);
  });
});
