import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KataError } from "../../src/base/error.ts";
import { causeChain } from "../../src/base/error.ts";
import { deleteAside } from "../support/fault-walk.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { alive } from "../support/shim-host.ts";
import { useShimHost } from "../support/shim-test.ts";

let before: HostSnapshot;
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => (task.result?.state === "fail" ? undefined : expectNoLeaks(before)));
const { host, nextId } = useShimHost("limits");

test("a shim that may open no more files says so, lives on, and leaves nothing", async () => {
  const failures: KataError[] = [];
  // From none to spare to nearly enough for a VM: what is short, is short at another step each time.
  for (let files = 10; files <= 24; files += 2) {
    const id = nextId();
    const container = await host().prepare(id, { args: ["true"] });
    // Connected by now: a shim that cannot take a connection would say nothing.
    await container.task.state({ id, execId: "" }).catch(() => {});
    const shim = host().shimPid(id);
    execFileSync("prlimit", ["--pid", String(shim), `--nofile=${files}:`]);
    const error = await container.create().then(
      () => undefined,
      (reason: KataError) => reason,
    );
    expect(alive(shim)).toBe(true);
    if (error !== undefined) failures.push(error);
    execFileSync("prlimit", ["--pid", String(shim), "--nofile=1024:"]);
    expect((await deleteAside(host(), id)).code).toBe(0);
    if (error === undefined) break;
  }
  expect(failures.length).toBeGreaterThan(2);
  for (const error of failures) {
    expect(causeChain(error).join(": ")).toMatch(/EMFILE/);
    expect(error).toMatchObject({ code: "resource-exhausted", stage: expect.any(String) });
  }
});
