import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kataRuntime } from "../support/containerd.ts";
import { EventLog } from "../support/containerd-events.ts";
import { image, useContainerd } from "../support/containerd-suite.ts";
import { repository, testData } from "../support/kata-ctl.ts";
import { until } from "../support/shim-host.ts";

const containerd = useContainerd("1.7");
const must = async (...arguments_: string[]) => (await containerd().must(arguments_)).stdout;
const run = (id: string, ...flags: string[]) => ["run", ...flags, "--runtime", kataRuntime, image, id];

let directory = "";
beforeAll(() => {
  directory = mkdtempSync("/tmp/ctd-stdio-");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const contentOf = (name: string) => readFileSync(path.join(directory, name), "utf8");

test("100 MB go in and come out unchanged at the same time", { timeout: 300_000 }, async () => {
  const { chunks, sha256 } = testData(100);
  const result = await containerd().must([...run("one", "--rm"), "cat"], { input: chunks, timeoutMs: 280_000 });
  expect([result.stdoutBytes, result.stdoutSha256]).toEqual([100 << 20, sha256]);
});

test("without any stream a container runs, and its exit code is known", async () => {
  const { code, stdout } = await containerd().ctr([
    ...run("one", "--rm", "--null-io"),
    "sh",
    "-c",
    "cat; echo out; exit 5",
  ]);
  expect([code, stdout]).toEqual([5, ""]);
});

test("file:// takes both outputs and is appended to", async () => {
  const log = `file://${directory}/made/file.log`;
  for (const word of ["first", "second"]) {
    await must(...run("one", "--rm", "--log-uri", log), "sh", "-c", `echo ${word}; sleep 0.2; echo error >&2`);
  }
  expect(contentOf("made/file.log")).toBe("first\nerror\nsecond\nerror\n");
});

test("binary:// starts a logger that gets both outputs to their end", async () => {
  const program = path.join(directory, "logger.py");
  const source = readFileSync(path.join(repository, "test/support/logger.py"), "utf8");
  writeFileSync(program, `#!/usr/bin/python3\n${source}`);
  chmodSync(program, 0o755);
  const script = "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo $i; done; echo failure >&2; exit 3";
  const uri = `binary://${program}?file=${directory}/logged`;
  const { code } = await containerd().ctr([...run("one", "--rm", "--log-uri", uri), "sh", "-c", script]);
  expect(code).toBe(3);
  await until(() => contentOf("logged").endsWith("end\n"), 30_000, "the logger's end");
  const lines = contentOf("logged").split("\n");
  expect(lines[0]).toBe("default/one");
  const numbers = Array.from({ length: 1000 }, (_, index) => `out ${index + 1}`);
  expect(lines.filter((line) => line.startsWith("out"))).toEqual(numbers);
  expect(lines.filter((line) => line.startsWith("err"))).toEqual(["err failure"]);
});

test("`ctr tasks attach` comes, goes and comes again; the last one sees the end", async () => {
  const events = await EventLog.start(containerd());
  const script = "i=0; while [ ! -e /stop ]; do i=$((i+1)); echo line $i; sleep 0.1; done; echo last; exit 4";
  await must(...run("web", "-d"), "sh", "-c", script);
  for (let count = 0; count < 2; count++) {
    const attached = attach("web");
    await until(() => /line \d+\nline \d+\n/.test(attached.text()), 30_000, "two lines");
    attached.child.kill("SIGKILL");
    await attached.ended;
  }
  const attached = attach("web");
  await until(() => attached.text().includes("line"), 30_000, "a line");
  await must("tasks", "exec", "--exec-id", "e1", "web", "touch", "/stop");
  expect(await attached.ended).toBe(4);
  expect(attached.text()).toMatch(/line \d+\nlast\n$/);
  await events.until("delete", "web");
  await must("containers", "rm", "web");
  await events.stop();
});

/** A running `ctr tasks attach`. */
function attach(id: string) {
  const { address, path: searchPath } = containerd();
  const child = spawn("ctr", ["-a", address, "tasks", "attach", id], {
    env: { ...process.env, PATH: searchPath },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, text: () => text };
}
