import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { deleteAside } from "../support/fault-walk.ts";
import { TestHost } from "../support/kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { alive } from "../support/shim-host.ts";
import { useShimHost } from "../support/shim-test.ts";
import { until } from "../support/until.ts";

let ctl: TestHost;
let before: HostSnapshot;
beforeAll(async () => {
  ctl = new TestHost();
  // What something else left on this machine is removed first: the comparison is about this test.
  await ctl.must(["gc", "--remove"]);
});
afterAll(() => ctl.remove());
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => (task.result?.state === "fail" ? undefined : expectNoLeaks(before)));
const { host, nextId } = useShimHost("gc");

/** The orphans that are those of this test. */
async function orphansOf(...ids: string[]) {
  const { orphans } = JSON.parse((await ctl.must(["--json", "gc"])).stdout) as {
    orphans: { kind: string; sandboxId: string; path: string }[];
  };
  return orphans.filter(({ sandboxId }) => ids.includes(sandboxId));
}

test("gc lists and removes what a killed shim left, and leaves alone what lives", async () => {
  const [dead, living, foreign] = [nextId(), nextId(), nextId()];
  const container = await host().run(dead, { args: ["sleep", "1000"] });
  const other = await host().run(living, { args: ["sleep", "1000"] });
  mkdirSync(`/run/vc/vm/${foreign}`, { recursive: true });
  writeFileSync(`/run/vc/vm/${foreign}/nydus.json`, "{}");
  expect(await orphansOf(dead, living, foreign)).toEqual([]);
  process.kill(host().shimPid(dead), "SIGKILL");
  await until("the VMM's end", () => !alive(container.pid) || undefined);

  expect(await orphansOf(dead, living, foreign)).toMatchObject([
    { kind: "sandbox", sandboxId: dead, path: `/run/vc/sbs/${dead}` },
  ]);
  const listed = await ctl.must(["gc"]);
  expect(listed.stdout).toMatch(/^KIND +SANDBOX +PATH +WHY$/m);
  expect(listed.stdout).toContain("kata-ctl gc --remove");
  const removed = await ctl.must(["gc", "--remove"]);
  expect(removed.stdout).toContain(`Removed: /run/vc/sbs/${dead}\n`);
  expect(await orphansOf(dead, living, foreign)).toEqual([]);

  expect(await other.exec(["echo", "alive"])).toMatchObject({ stdout: "alive\n" });
  await other.end();
  const { stdout } = await ctl.must(["gc"]);
  expect(stdout).not.toContain(foreign);
  rmSync(`/run/vc/vm/${foreign}`, { recursive: true });
  // What is left is containerd's: the bundle. A delete after all of it has nothing to do.
  expect((await deleteAside(host(), dead)).code).toBe(0);
});
