import { afterEach, beforeEach, expect, test } from "vitest";
import { Status } from "../../src/wire/gen/containerd/types/task/task.ts";
import { expectNoLeaks, findProcesses, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import type { RunningContainer } from "../support/shim-host.ts";
import { ShimPod } from "../support/shim-pod.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";
import { until } from "../support/until.ts";

let before: HostSnapshot;
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => (task.result?.state === "fail" ? undefined : expectNoLeaks(before)));
const { host, nextId } = useShimHost("hung-share");

const kill = ({ id, task }: RunningContainer) => task.kill({ id, execId: "", signal: 9, all: true });

test("a pod whose share hangs: killing one container tells why it does not end, killing all ends the pod", async () => {
  const pod = await ShimPod.start(host(), nextId());
  // Each asks the share for something all the time.
  const busy = ["sh", "-c", "while :; do ls -l /bin > /dev/null; cat /bin/busybox > /dev/null; done"];
  const [one, two] = [await pod.run("one", busy), await pod.run("two", busy)];
  const ends = Promise.all([one, two].map((container) => container.wait()));
  for (const daemon of findProcesses(/^virtiofsd/, pod.id)) process.kill(daemon, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 2000));

  const killedAt = performance.now();
  await kill(one);
  await until("the news", () => /a container cannot be killed alone/.test(host().log(pod.id)) || undefined);
  expect(performance.now() - killedAt).toBeGreaterThan(9000);
  expect((await one.task.state({ id: one.id, execId: "" })).status).toBe(Status.RUNNING);
  const error = await errorOf(kill(one));
  expect(error).toMatchObject({
    code: "deadline-exceeded",
    message: `Container ${one.id} has not ended 10 s after SIGKILL`,
    hint: expect.stringContaining("virtiofsd"),
  });

  const allAt = performance.now();
  await kill(two);
  expect(await ends).toEqual([137, 137]);
  expect(performance.now() - allAt).toBeLessThan(13_000);
  for (const container of [one, two]) await pod.finish(container);
  await pod.end();
});
