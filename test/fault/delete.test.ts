import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ExecProcessRequest } from "../../src/wire/gen/containerd/task/v2/shim.ts";
import { Status } from "../../src/wire/gen/containerd/types/task/task.ts";
import { EventSink } from "../support/event-sink.ts";
import { deleteAside, prepareFailing } from "../support/fault-walk.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { processSpec, type RunningContainer } from "../support/shim-host.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";
import { until } from "../support/until.ts";

let before: HostSnapshot;
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => (task.result?.state === "fail" ? undefined : expectNoLeaks(before)));
const { host, nextId } = useShimHost("delete");

const podSpec = (type: string, pod: string) => ({
  annotations: { "io.kubernetes.cri.container-type": type, "io.kubernetes.cri.sandbox-id": pod },
});

/** Makes another container's bundle in a pod, and has `start` answer for it. */
function joinPod(pod: string, id: string) {
  const request = host().makeBundle(id, { args: ["sleep", "1000"], spec: podSpec("container", pod) });
  host().startShim(id);
  return { ...request, stdout: "", stderr: "" };
}

async function startedPod(failpoints = ""): Promise<RunningContainer> {
  if (failpoints !== "") Object.assign(host().env, { KATA_TS_TESTING: "1", KATA_TS_FAILPOINT: failpoints });
  const pod = nextId();
  return host().run(pod, { args: ["sleep", "1000"], spec: podSpec("sandbox", pod) });
}

describe("delete", () => {
  test("twice at once, while everything runs: both succeed, and everything is gone", async () => {
    const id = nextId();
    await host().run(id, { args: ["sleep", "1000"] });
    const results = await Promise.all([deleteAside(host(), id), deleteAside(host(), id)]);
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
  });

  test("of a pod's container, whose connection broke, ends this one only", async () => {
    const pod = await startedPod();
    const id = `${pod.id}-one`;
    await pod.task.create(joinPod(pod.id, id));
    await pod.task.start({ id, execId: "" });
    expect((await deleteAside(host(), id)).code).toBe(0);
    expect(await errorOf(pod.task.state({ id, execId: "" }))).toMatchObject({ code: "not-found" });
    expect((await pod.task.state({ id: pod.id, execId: "" })).status).toBe(Status.RUNNING);
    // As after every orderly deletion.
    expect((await deleteAside(host(), id)).code).toBe(0);
    await pod.end();
  });
});

test("a start of the same id cleans up what the last one left", async () => {
  const id = nextId();
  const first = await prepareFailing(host(), id, "vmm-started=kill");
  await errorOf(first.create());
  expect(readdirSync("/run/vc/sbs")).toContain(id);
  first.closeStreams();
  rmSync(host().bundle(id), { recursive: true });
  const second = await prepareFailing(host(), id, "");
  await second.create();
  expect(host().log(id)).toContain("cleaning up after a sandbox of the same id");
  await second.task.start({ id, execId: "" });
  await second.end();
});

test("a VMM that is killed: containerd hears of every container's and exec's end", async () => {
  const sink = await EventSink.listen(path.join(host().dir, "events.sock"));
  try {
    host().env.TTRPC_ADDRESS = sink.path;
    const pod = await startedPod();
    const id = `${pod.id}-one`;
    await pod.task.create(joinPod(pod.id, id));
    await pod.task.start({ id, execId: "" });
    const value = Buffer.from(JSON.stringify(processSpec(["sleep", "1000"])));
    await pod.task.exec(ExecProcessRequest.create({ id, execId: "x1", spec: { typeUrl: "p", value } }));
    const startedAt = performance.now();
    await pod.task.start({ id, execId: "x1" });
    const execMs = performance.now() - startedAt;
    process.kill(pod.pid, "SIGKILL");
    const killedAt = performance.now();
    const exits = () => sink.events.filter(({ text }) => text.startsWith("/tasks/exit"));
    await until("three ends", () => exits().length === 3 || undefined);
    expect(
      exits()
        .map(({ text }) => text)
        .sort(),
    ).toEqual([`${id}/${id}`, `${id}/x1`, `${pod.id}/${pod.id}`].map((name) => `/tasks/exit ${name} 137`).sort());
    // A second, or longer on a machine on which other things take long, too.
    const lastMs = Math.max(...exits().map(({ atMs }) => atMs)) - killedAt;
    expect(lastMs).toBeLessThan(Math.max(1000, execMs * 2));
    await pod.task.delete({ id, execId: "" });
    await pod.end();
  } finally {
    sink.close();
  }
});

describe("a failure while a pod's second container is made", () => {
  const points = ["rootfs-mounted", "volumes-mounted", "container-before-create", "container-created"] as const;

  test("leaves nothing of it, and the sandbox as it was", async () => {
    const file = path.join(host().dir, "failpoints");
    writeFileSync(file, "");
    const pod = await startedPod(`@${file}`);
    const share = `/run/kata-containers/shared/sandboxes/${pod.id}/mounts`;
    const atRest = readdirSync(share);
    const record = () => readFileSync(`/run/vc/sbs/${pod.id}/persist.json`, "utf8");
    const id = `${pod.id}-one`;
    const request = joinPod(pod.id, id);
    for (const point of points) {
      writeFileSync(file, `${point}=error`);
      expect((await errorOf(pod.task.create(request))).message).toBe(`Failpoint ${point} was told to fail`);
      expect(readdirSync(share)).toEqual(atRest);
      expect(record()).not.toContain(id);
      expect(await errorOf(pod.task.state({ id, execId: "" }))).toMatchObject({ code: "not-found" });
    }
    expect(host().log(pod.id)).toContain('msg="container removed"');
    const unstarted = `${pod.id}-unstarted`;
    writeFileSync(file, "container-before-start=error");
    await pod.task.create(joinPod(pod.id, unstarted));
    expect((await errorOf(pod.task.start({ id: unstarted, execId: "" }))).message).toContain("was told to fail");
    await pod.task.delete({ id: unstarted, execId: "" });
    expect(readdirSync(share)).toEqual(atRest);
    writeFileSync(file, "");
    await pod.task.create(request);
    await pod.task.start({ id, execId: "" });
    expect((await pod.task.state({ id: pod.id, execId: "" })).status).toBe(Status.RUNNING);
    await pod.task.kill({ id, execId: "", signal: 9, all: true });
    expect(await pod.task.wait({ id, execId: "" })).toMatchObject({ exitStatus: 137 });
    await pod.task.delete({ id, execId: "" });
    await pod.end();
  });

  test("by the shim's death takes the pod with it, and delete removes the rest", async () => {
    const file = path.join(host().dir, "failpoints");
    writeFileSync(file, "");
    const pod = await startedPod(`@${file}`);
    const id = `${pod.id}-one`;
    const request = joinPod(pod.id, id);
    writeFileSync(file, "container-created=kill");
    expect(await errorOf(pod.task.create(request))).toMatchObject({ code: "unavailable" });
    expect((await deleteAside(host(), id)).code).toBe(0);
    expect((await deleteAside(host(), pod.id)).code).toBe(0);
  });
});
