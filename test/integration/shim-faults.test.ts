import { describe, expect, test } from "vitest";
import { causeChain } from "../../src/base/error.ts";
import { ExecProcessRequest } from "../../src/wire/gen/containerd/task/v2/shim.ts";
import { Status } from "../../src/wire/gen/containerd/types/task/task.ts";
import { findProcesses } from "../support/leak-check.ts";
import { alive, processSpec, until } from "../support/shim-host.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("shim-fault");

describe("when something is killed", () => {
  const vmmOf = (id: string) => findProcesses(/^qemu-system-/, id)[0] ?? 0;

  test("the VMM before the agent answers: create fails within a second and says why", async () => {
    const id = nextId();
    const container = await host().prepare(id, { args: ["true"] });
    const creating = errorOf(container.create());
    await until(() => vmmOf(id) !== 0, 60_000, "the VMM");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const killedAt = performance.now();
    process.kill(vmmOf(id), "SIGKILL");
    const error = await creating;
    expect(performance.now() - killedAt).toBeLessThan(1000);
    expect(error).toMatchObject({ code: "unavailable", stage: expect.stringMatching(/boot-guest|start-vmm/) });
    expect(error.message).toMatch(/killed by signal 9 \(SIGKILL\)/);
    await container.task.shutdown({ id, now: false });
    await container.client.closed;
  });

  test("the VMM while it runs: every process ends with 137 within a second", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    const value = Buffer.from(JSON.stringify(processSpec(["sleep", "1000"])));
    await container.task.exec(ExecProcessRequest.create({ id, execId: "x1", spec: { typeUrl: "p", value } }));
    await container.task.start({ id, execId: "x1" });
    const ends = Promise.all([container.wait(), container.wait("x1")]);
    const killedAt = performance.now();
    process.kill(container.pid, "SIGKILL");
    expect(await ends).toEqual([137, 137]);
    expect(performance.now() - killedAt).toBeLessThan(1000);
    expect(host().log(id)).toMatch(/sandbox failed.*killed by signal 9/);
    await container.end();
  });

  test("the share-fs daemon: the sandbox fails and names it", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    const [daemon] = findProcesses(/^virtiofsd/, id);
    const end = container.wait();
    process.kill(daemon ?? 0, "SIGKILL");
    expect(await end).toBe(137);
    expect(host().log(id)).toMatch(/share-fs daemon .* was killed by signal 9/);
    await container.end();
  });

  test("the shim: everything goes with it, delete removes the rest within 2 s and says 137", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    process.kill(host().shimPid(id), "SIGKILL");
    await until(() => !alive(container.pid), 60_000, "the VMM's end");
    const startedAt = performance.now();
    expect(host().deleteShim(id).exitStatus).toBe(137);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    // Once more does no harm.
    expect(host().deleteShim(id).exitStatus).toBe(137);
  });

  test("nothing, but the VMM hangs: delete still ends everything within 2 s", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    process.kill(container.pid, "SIGSTOP");
    const state = await container.task.state({ id, execId: "" });
    expect(state.status).toBe(Status.RUNNING);
    const startedAt = performance.now();
    expect(host().deleteShim(id).exitStatus).toBe(137);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(alive(container.pid)).toBe(false);
  });
});

describe("a bad request", () => {
  test.each<[string, { args: string[]; spec?: Record<string, unknown> }, object]>([
    [
      "a missing mount source",
      { args: ["true"], spec: { mounts: [{ destination: "/d", type: "bind", source: "/no/such" }] } },
      { code: "not-found", stage: "share-rootfs" },
    ],
    [
      "a user that is no number",
      { args: ["true"], spec: { process: { args: ["true"], cwd: "/", user: { uid: -1 } } } },
      { code: "invalid-argument", field: "process.user.uid" },
    ],
    ["no program", { args: [] }, { code: "invalid-argument", field: "process.args" }],
  ])("%s starts no VM", async (_name, options, expected) => {
    const id = nextId();
    const container = await host().prepare(id, options);
    expect(await errorOf(container.create())).toMatchObject(expected);
    expect(findProcesses(/^qemu-system-/, id)).toEqual([]);
    await container.task.shutdown({ id, now: false });
    await container.client.closed;
  });

  test("a program that does not exist fails the create, and nothing stays", async () => {
    const id = nextId();
    const container = await host().prepare(id, { args: ["/no/such/program"] });
    const error = await errorOf(container.create().then(() => container.task.start({ id, execId: "" })));
    expect(causeChain(error).join(": ")).toMatch(/no such file|not found/i);
    await container.task.delete({ id, execId: "" }).catch(() => {});
    await container.task.shutdown({ id, now: true });
    await container.client.closed;
  });
});
