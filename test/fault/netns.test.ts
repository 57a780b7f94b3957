import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { expectNoLeaks, type HostSnapshot, run, snapshotHost } from "../support/leak-check.ts";
import type { RunningContainer } from "../support/shim-host.ts";
import { useShimHost } from "../support/shim-test.ts";
import { until } from "../support/until.ts";

const ip = (...words: string[]) => run("ip", ...words);
/** Runs `ip` in the pod's namespace, as long as that has a name. */
const inside = (name: string, ...words: string[]) => ip("-netns", name, ...words);

let before: HostSnapshot;
let pod: string;
beforeEach(() => {
  // The first of a boot mounts its directory.
  ip("netns", "add", "first");
  ip("netns", "del", "first");
  before = snapshotHost();
  pod = nextId();
  ip("netns", "add", pod);
  ip("link", "add", "vethpod", "mtu", "1450", "type", "veth", "peer", "name", "eth0", "mtu", "1450", "netns", pod);
  ip("link", "set", "vethpod", "up");
  ip("addr", "add", "10.88.0.1/24", "dev", "vethpod");
  for (const line of ["link set lo up", "link set eth0 up", "addr add 10.88.0.2/24 dev eth0"]) {
    inside(pod, ...line.split(" "));
  }
});
// Runs after the host is taken down.
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") return;
  await until("the interface's end", () => !ip("-brief", "link").includes("vethpod") || undefined);
  await expectNoLeaks(before);
});
const { host, nextId } = useShimHost("netns");

const spec = (name: string) => ({
  linux: {
    namespaces: [
      ...["pid", "ipc", "uts", "mount"].map((type) => ({ type })),
      { type: "network", path: `/run/netns/${name}` },
    ],
  },
});
const rights = ["CAP_NET_RAW"];
const capabilities = { bounding: rights, effective: rights, permitted: rights };
/** One question to the other end of the pod's interface, and its answer. */
const ping = (container: RunningContainer) => container.exec(["ping", "-c1", "-w5", "10.88.0.1"], { capabilities });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

test.each<[string, (path: string) => void]>([
  ["deleted", (path) => void ip("netns", "del", path.slice("/run/netns/".length))],
  [
    "unmounted, and its file stays",
    (path) => {
      execFileSync("umount", ["-l", path]);
      expect(existsSync(path)).toBe(true);
    },
  ],
  [
    "replaced by another one",
    (path) => {
      ip("netns", "del", path.slice("/run/netns/".length));
      ip("netns", "add", path.slice("/run/netns/".length));
    },
  ],
])("a network namespace that is %s under a sandbox: it runs on, and ends without a trace", async (_what, change) => {
  const id = nextId();
  const container = await host().run(id, { args: ["sleep", "1000"], spec: spec(pod) });
  expect(await ping(container)).toMatchObject({ code: 0 });
  change(`/run/netns/${pod}`);
  expect(await ping(container)).toMatchObject({ code: 0 });
  expect(await timed(() => container.end())).toBeLessThan(5000);
  expect(host().log(id)).not.toMatch(/clean-up failed/);
  spawnSync("umount", ["-l", `/run/netns/${pod}`]);
  rmSync(`/run/netns/${pod}`, { force: true });
});

test("an interface that is renamed and gets another MTU under a sandbox: traffic goes on, and nothing of the VM stays on it", async () => {
  const id = nextId();
  const container = await host().run(id, { args: ["sleep", "1000"], spec: spec(pod) });
  for (const line of ["link set eth0 down", "link set eth0 name net9", "link set net9 mtu 1400", "link set net9 up"]) {
    inside(pod, ...line.split(" "));
  }
  expect(await ping(container)).toMatchObject({ code: 0 });
  expect(await timed(() => container.end())).toBeLessThan(5000);
  expect(host().log(id)).not.toMatch(/clean-up failed/);
  // Another VM could have it now.
  expect(inside(pod, "-brief", "link")).toMatch(/net9/);
  expect(inside(pod, "-brief", "link")).not.toMatch(/tap/);
  expect(run("tc", "-netns", pod, "qdisc")).not.toMatch(/ingress/);
  ip("netns", "del", pod);
});
