import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TestHost } from "../support/kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { until } from "../support/until.ts";

let host: TestHost;
let before: HostSnapshot;

beforeAll(async () => {
  host = new TestHost();
  await host.loadDemoImage();
});
afterAll(() => host.remove());
beforeEach(() => {
  before = snapshotHost();
});
afterEach(async () => {
  await host.ctl(["rm", "-f", "web"]);
  await expectNoLeaks(before);
});

interface Row {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

async function list(...flags: string[]): Promise<Row[]> {
  const { stdout } = await host.must(["ps", "--format", "json", ...flags]);
  return JSON.parse(stdout) as Row[];
}

describe("a detached container", () => {
  test("is listed, inspected, entered, stopped and removed", async () => {
    const { stdout: id } = await host.must([
      "run",
      "-d",
      "--name",
      "web",
      "--label",
      "tier=front",
      "busybox",
      "sleep",
      "1000",
    ]);
    expect(id.trim()).toMatch(/^[0-9a-f]{12,64}$/);

    const rows = await list();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ name: "web", status: "running" });
    const table = (await host.must(["ps"])).stdout;
    expect(table).toContain("web");
    expect(table).toContain("busybox");
    expect((await host.must(["ps", "-q"])).stdout.trim()).toBe(id.trim().slice(0, 12));

    const [details] = JSON.parse((await host.must(["inspect", "web"])).stdout) as [Record<string, unknown>];
    expect(JSON.stringify(details)).toContain('"tier":"front"');

    const entered = await host.must(["exec", "web", "sh", "-c", "echo in; cat /proc/1/cmdline | tr '\\0' ' '"]);
    expect(entered.stdout).toBe("in\nsleep 1000 ");
    expect((await host.ctl(["exec", "web", "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await host.ctl(["exec", "web", "/no/such/program"])).code).toBe(127);
    expect((await host.must(["exec", "-i", "web", "cat"], { input: "piped" })).stdout).toBe("piped");
    expect(
      (await host.must(["exec", "-e", "A=1", "-w", "/tmp", "-u", "5", "web", "sh", "-c", "echo $A; pwd; id -u"]))
        .stdout,
    ).toBe("1\n/tmp\n5\n");

    // `sleep` has no handler for SIGTERM and is PID 1, so the kernel drops the signal: the grace period must pass.
    await host.must(["stop", "-t", "1", "web"]);
    const [stopped] = await list("-a");
    expect(stopped).toMatchObject({ name: "web", status: "exited" });
    expect(await list()).toEqual([]);
    await host.must(["rm", "web"]);
    expect(await list("-a")).toEqual([]);
  });

  test("keeps its output for `logs` and its exit code for `wait`", async () => {
    await host.must(["run", "-d", "--name", "web", "busybox", "sh", "-c", "echo one; echo two >&2; exit 3"]);
    expect((await host.must(["wait", "web"])).stdout).toBe("3\n");
    const logs = await host.must(["logs", "web"]);
    expect(logs.stdout + logs.stderr).toContain("one\n");
    expect(logs.stdout + logs.stderr).toContain("two\n");
    expect((await host.must(["logs", "--source", "shim", "web"])).stdout).toContain("level=info");
    expect((await host.ctl(["exec", "web", "true"])).stderr).toContain("not running");
  });

  test("with --rm leaves nothing when it ends", async () => {
    await host.must(["run", "-d", "--rm", "--name", "web", "busybox", "sleep", "1"]);
    await host.ctl(["wait", "web"]);
    await until("the container to be removed", async () => (await list("-a")).length === 0 || undefined);
  });

  test("`kill` sends the signal that was asked for", async () => {
    const script = "trap 'echo got it; exit 9' USR1; echo ready; while :; do sleep 0.1; done";
    await host.must(["run", "-d", "--name", "web", "busybox", "sh", "-c", script]);
    await until("the trap", async () => (await host.must(["logs", "web"])).stdout.includes("ready") || undefined);
    await host.must(["kill", "-s", "USR1", "web"]);
    expect((await host.must(["wait", "web"])).stdout).toBe("9\n");
    expect((await host.must(["logs", "web"])).stdout).toContain("got it");
  });

  test("`rm` refuses a running container and `rm -f` does not", async () => {
    await host.must(["run", "-d", "--name", "web", "busybox", "sleep", "1000"]);
    const refused = await host.ctl(["rm", "web"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("running");
    await host.must(["rm", "-f", "web"]);
    expect(await list("-a")).toEqual([]);
  });
});

test("a foreground container without --rm stays listed until it is removed", async () => {
  const result = await host.ctl(["run", "--name", "web", "busybox", "sh", "-c", "echo kept; exit 4"]);
  expect(result.code).toBe(4);
  expect(await list("-a")).toMatchObject([{ name: "web", status: "exited" }]);
  expect((await host.must(["logs", "web"])).stdout).toBe("kept\n");
  await host.must(["rm", "web"]);
});

test("a name can be used once", async () => {
  await host.must(["run", "-d", "--name", "web", "busybox", "sleep", "1000"]);
  const second = await host.ctl(["run", "--rm", "--name", "web", "busybox", "true"]);
  expect(second.code).toBe(125);
  expect(second.stderr).toMatch(/web.*in use|in use.*web/s);
});
