import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { causeChain, type KataError } from "../../src/base/error.ts";
import { type FailpointName, failpointNames } from "../../src/base/failpoint.ts";
import { deleteAside, live, prepareFailing, stepOf } from "../support/fault-walk.ts";
import { expectNoLeaks, findProcesses, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import type { RunningContainer } from "../support/shim-host.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";
import { until } from "../support/until.ts";

// Every named point of a container's life, with everything that can go wrong there: after the shim's `delete` nothing may
// be left on the host, whatever was under way.

let before: HostSnapshot;
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => (task.result?.state === "fail" ? undefined : expectNoLeaks(before)));
const { host, nextId } = useShimHost("failpoint");

/** Points that a network passes; these containers have none. */
const walked = failpointNames.filter((name) => !/network/.test(name));
/** Points at which the VMM runs and the sandbox is not yet ending. */
const withVmm = walked.slice(walked.indexOf("vmm-started")).filter((name) => !/^(stop|exec)-/.test(name));
const inCreate = walked.filter((name) => stepOf(name) === "create");

/** Deletes as containerd does after it lost a shim, in time, and once more, which has nothing to do. */
async function remove(id: string): Promise<void> {
  const first = await deleteAside(host(), id);
  expect(findProcesses(/./, id)).toEqual([]);
  const second = await deleteAside(host(), id);
  for (const { code, stderr } of [first, second]) expect([code, stderr]).toEqual([0, ""]);
  // On a machine where doing nothing takes long everything may.
  expect(first.ms).toBeLessThan(Math.max(2000, 10 * second.ms));
}

const reached = (id: string, point: FailpointName) =>
  until(point, () => new RegExp(`msg=failpoint .*name=${point}$`, "m").test(host().log(id)) || undefined);

interface Waiting {
  readonly container: RunningContainer;
  /** The error of the request that is held at the point, once it has been let go. */
  readonly failure: () => Promise<KataError>;
}

/** Starts what leads to a point and holds the shim there. */
async function waitingAt(point: FailpointName): Promise<Waiting> {
  const file = path.join(host().dir, "failpoints");
  writeFileSync(file, `${point}=wait`);
  const container = await prepareFailing(host(), nextId(), `@${file}`);
  const outcome = live(container, stepOf(point));
  await reached(container.id, point);
  const failure = async () => {
    writeFileSync(file, "");
    const { error } = (await outcome) ?? {};
    if (error === undefined) throw new Error(`Nothing failed at ${point}`);
    return error;
  };
  return { container, failure };
}

describe("an error", () => {
  test.each(walked)("at %s fails the request that was under way, and leaves nothing", async (point) => {
    const container = await prepareFailing(host(), nextId(), `${point}=error`);
    const outcome = await live(container, stepOf(point));
    if (stepOf(point) === "end") {
      // The end is reached in spite of it; the log tells.
      expect(outcome).toBeUndefined();
      expect(host().log(container.id)).toContain(`Failpoint ${point} was told to fail`);
    } else {
      expect(outcome?.step).toBe(stepOf(point));
      expect(outcome?.error.message).toBe(`Failpoint ${point} was told to fail`);
      expect(outcome?.error.stage).toBeDefined();
    }
    await remove(container.id);
  });
});

describe("the shim's death", () => {
  test.each(walked)("at %s takes the VM with it, and delete removes the rest", async (point) => {
    const container = await prepareFailing(host(), nextId(), `${point}=kill`);
    const outcome = await live(container, stepOf(point));
    expect(outcome?.error.code).toBe("unavailable");
    await remove(container.id);
  });
});

describe("a delete while the shim lives", () => {
  test.each(inCreate)("and is at %s ends both", async (point) => {
    const { container, failure } = await waitingAt(point);
    await remove(container.id);
    expect(await failure()).toMatchObject({ code: "unavailable" });
  });

  test.each(["vmm-started", "container-started"] as const)("and hangs at %s ends both", async (point) => {
    const { container } = await waitingAt(point);
    process.kill(host().shimPid(container.id), "SIGSTOP");
    await remove(container.id);
  });
});

const logged = (id: string, text: string) => until(text, () => host().log(id).includes(text) || undefined);
const kill = (program: RegExp, id: string) => {
  const [pid] = findProcesses(program, id);
  if (pid === undefined) throw new Error(`${program} does not run`);
  process.kill(pid, "SIGKILL");
};

describe("the VMM's death", () => {
  test.each(withVmm)("at %s is told, and nothing stays", async (point) => {
    const { container, failure } = await waitingAt(point);
    kill(/^qemu-system-/, container.id);
    await logged(container.id, 'msg="vmm exited"');
    expect(causeChain(await failure()).join(": ")).toMatch(/killed by signal 9 \(SIGKILL\)|connection was closed/i);
    await remove(container.id);
  });
});

describe("the share-fs daemon's death", () => {
  test.each(["share-fs-started", ...withVmm] as const)("at %s fails the sandbox, and nothing stays", async (point) => {
    const { container, failure } = await waitingAt(point);
    kill(/^virtiofsd/, container.id);
    // Before the guest is waited for nobody looks.
    if (!/^(share-fs|vmm)-started$/.test(point)) await logged(container.id, 'msg="sandbox failed"');
    await failure();
    expect(host().log(container.id)).toMatch(/level=error .*(virtiofsd|QEMU|qemu)/);
    await remove(container.id);
  });
});

test.each(["vmm-started", "container-before-create"] as const)(
  "containerd's death at %s: the shim goes on, and another containerd goes on with it",
  async (point) => {
    const file = path.join(host().dir, "failpoints");
    writeFileSync(file, `${point}=wait`);
    const container = await prepareFailing(host(), nextId(), `@${file}`);
    const creating = errorOf(container.create());
    await reached(container.id, point);
    container.client.close();
    await creating;
    writeFileSync(file, "");
    const process = { id: container.id, execId: "" };
    const { task } = await host().connect(`unix://${host().socketOf(container.id)}`);
    await until("the container", () => task.state(process).then(Boolean, () => undefined));
    await task.start(process);
    await remove(container.id);
  },
);
