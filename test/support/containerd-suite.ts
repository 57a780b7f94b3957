import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type Containerd, type ContainerdVersion, startContainerd } from "./containerd.ts";
import { chosen } from "./containerd-version.ts";
import { repository } from "./kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "./leak-check.ts";
import { demoImage } from "./pause-image.ts";

/** The demo image's name in every containerd of `useContainerd()`. */
export const image = "docker.io/library/busybox:latest";

/**
 * One containerd for the tests of a describe block, with the demo image. After each test the host must be as it was before
 * the first, and containerd must know no container and keep no bundle. What a failed test leaves is removed, and
 * containerd's log is kept in out/test.
 */
export function useContainerd(version: ContainerdVersion): () => Containerd {
  let directory = "";
  let containerd: Containerd | undefined;
  let before: HostSnapshot;
  const current = () => {
    if (containerd === undefined) throw new Error("There is a containerd within tests only");
    return containerd;
  };
  beforeAll(async () => {
    before = snapshotHost();
    // No name that the leak check takes for one of ours: connections to containerd come and go.
    directory = mkdtempSync("/tmp/ctd-");
    containerd = await startContainerd({ version: chosen(version), directory });
    await containerd.importImage(demoImage, image);
  });
  afterAll(async () => {
    await containerd?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async ({ task: { name, result } }) => {
    if (result?.state === "fail") {
      const { stdout } = await current().ctr(["tasks", "ls"]);
      await removeContainers(current());
      keepLog(current(), name, stdout);
      return;
    }
    await expectNoLeaks(before, { settleMs: 10_000 });
    expect(bundlesOf(directory)).toEqual([]);
    expect((await current().must(["containers", "ls", "-q"])).stdout).toBe("");
  });
  return current;
}

function keepLog(containerd: Containerd, test: string, tasks: string): void {
  const reports = path.join(repository, "out/test");
  mkdirSync(reports, { recursive: true });
  const file = path.join(reports, `containerd-${containerd.version}-${test.replaceAll(/\W+/g, "-").slice(0, 60)}.log`);
  writeFileSync(file, `${containerd.log()}\nTasks when the test failed:\n${tasks}`);
  console.error(`containerd's log is in ${file}`);
}

async function removeContainers(containerd: Containerd): Promise<void> {
  const { stdout } = await containerd.ctr(["containers", "ls", "-q"]);
  for (const id of stdout.split("\n").filter((line) => line !== "")) {
    await containerd.ctr(["tasks", "rm", "-f", id]).catch(() => {});
    await containerd.ctr(["containers", "rm", id]).catch(() => {});
  }
}

/** `NAMESPACE/ID` of every bundle that containerd keeps. */
function bundlesOf(directory: string): string[] {
  const tasks = path.join(directory, "state/io.containerd.runtime.v2.task");
  if (!existsSync(tasks)) return [];
  return readdirSync(tasks).flatMap((namespace) =>
    readdirSync(path.join(tasks, namespace)).map((id) => `${namespace}/${id}`),
  );
}
