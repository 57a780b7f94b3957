import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { causeChain, KataError } from "../../src/base/error.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { alive } from "../support/shim-host.ts";
import { useShimHost } from "../support/shim-test.ts";

let before: HostSnapshot;
beforeEach(() => {
  before = snapshotHost();
});
// Runs after the host is taken down.
afterEach(({ task }) => (task.result?.state === "fail" ? undefined : expectNoLeaks(before)));
const { host, nextId } = useShimHost("descriptors");

const descriptors = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** CPU time in ticks of 10 ms. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

test("clients take all 64 descriptors of a shim: it waits calmly, says what is short, and recovers", async () => {
  const id = nextId();
  const container = await host().run(id, { args: ["sleep", "1000"] });
  const shim = host().shimPid(id);
  const atRest = descriptors(shim);
  execFileSync("prlimit", ["--pid", String(shim), "--nofile=64:"]);
  const clients: Socket[] = Array.from({ length: 80 }, () => connect(host().socketOf(id)).on("error", () => {}));
  await pause(500);
  expect(descriptors(shim)).toBe(64);

  const ticks = cpuTicks(shim);
  await pause(3000);
  expect(cpuTicks(shim) - ticks).toBeLessThan(30);
  // Who is connected is served.
  expect(await container.task.state({ id, execId: "" })).toMatchObject({ id });
  const error = await container.exec(["true"]).catch((reason: unknown) => KataError.from(reason));
  expect(error).toMatchObject({ code: "resource-exhausted" });
  expect(causeChain(error as KataError).join(": ")).toMatch(/EMFILE/);
  expect(alive(shim)).toBe(true);
  expect(
    host()
      .log(id)
      .match(/clients have to wait.*accept: Too many open files/g),
  ).toHaveLength(1);

  for (const client of clients) client.destroy();
  await pause(500);
  expect(descriptors(shim)).toBe(atRest);
  expect(await container.exec(["echo", "alive"])).toMatchObject({ stdout: "alive\n" });
  const { task, client } = await host().connect(host().socketOf(id));
  expect(await task.state({ id, execId: "" })).toMatchObject({ id });
  client.close();
  await container.end();
});
