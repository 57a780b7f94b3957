import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { makeBusyboxRootfs } from "../support/busybox-rootfs.ts";
import { kataRuntime } from "../support/containerd.ts";
import { EventLog } from "../support/containerd-events.ts";
import { image, useContainerd } from "../support/containerd-suite.ts";
import { repository, runCommand } from "../support/kata-ctl.ts";
import { killProcess } from "../support/leak-check.ts";
import { alive, until } from "../support/shim-host.ts";

const containerd = useContainerd("1.6");
const must = async (...arguments_: string[]) => (await containerd().must(arguments_)).stdout;
const runFlags = (...flags: string[]) => ["run", ...flags, "--runtime", kataRuntime];
const run = (id: string, ...flags: string[]) => [...runFlags(...flags), image, id];

describe("`ctr run`", () => {
  test("-t has a terminal: size, resize, Ctrl-C, exit code", async () => {
    const steps = [
      { expect: "# ", timeout: 60 },
      { send: "stty size\n" },
      { expect: "24 80" },
      { resize: [40, 100] },
      { send: "stty size\n" },
      { expect: "40 100" },
      { send: "echo ready; cat\n" },
      { expect: "\nready\r" },
      { send: "echoed\n" },
      // The terminal's echo, and cat's.
      { expect: "echoed" },
      { expect: "echoed" },
      { send: "\u0003" },
      { expect: "# " },
      { send: "exit 9\n" },
    ];
    const { path: searchPath, address } = containerd();
    const command = ["ctr", "-a", address, ...run("one", "--rm", "-t"), "sh"];
    const script = path.join(repository, "test/support/terminal.py");
    const { stdout } = await runCommand("python3", [script, JSON.stringify(steps), ...command], {
      env: { PATH: searchPath },
    });
    expect(JSON.parse(stdout)).toMatchObject({ code: 9, failed: null });
  });

  test("takes environment, directory and limits from its flags", async () => {
    const flags = ["-d", "--env", "GREETING=hello", "--cwd", "/tmp", "--memory-limit", "67108864"];
    await must(...run("one", ...flags), "sleep", "1000");
    // An exec inherits what the container was given.
    const script = ["sh", "-c", "echo $GREETING $(pwd)"];
    expect(await must("tasks", "exec", "--exec-id", "e1", "one", ...script)).toBe("hello /tmp\n");
    expect(await must("tasks", "metrics", "one")).toMatch(/^memory\.(limit_in_bytes|usage_limit) +67108864 *$/m);
    await must("tasks", "rm", "-f", "one");
    await must("containers", "rm", "one");
  });

  test("--rootfs runs a directory, in which writes stay", async () => {
    const directory = mkdtempSync("/tmp/ctd-rootfs-");
    try {
      makeBusyboxRootfs(directory);
      // ctr gives such a container no PATH.
      const script = ["/bin/sh", "-c", "echo kept > /kept; /bin/ls /"];
      const output = await must(...runFlags("--rm", "--rootfs"), directory, "one", ...script);
      expect(output.split("\n")).toEqual(expect.arrayContaining(["bin", "kept", "proc"]));
      expect(readFileSync(path.join(directory, "kept"), "utf8")).toBe("kept\n");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test("of a program that does not exist fails, says which, and leaves nothing", async () => {
    const { code, stderr } = await containerd().ctr([...run("one", "--rm"), "/no/such/program"]);
    expect(code).toBe(1);
    expect(stderr).toContain("/no/such/program");
    expect(await must("tasks", "ls", "-q")).toBe("");
    await containerd().ctr(["containers", "rm", "one"]);
  });

  test("ten at once: each has its output, its exit code and its events in order", async () => {
    const events = await EventLog.start(containerd());
    const ids = Array.from({ length: 10 }, (_, index) => `c${index}`);
    const results = await Promise.all(
      ids.map((id, index) => containerd().ctr([...run(id, "--rm"), "sh", "-c", `echo ${id}; exit ${index}`])),
    );
    expect(results.map(({ code, stdout }) => [code, stdout])).toEqual(ids.map((id, index) => [index, `${id}\n`]));
    for (const [index, id] of ids.entries()) {
      await events.until("delete", id);
      expect(events.of(id)).toEqual(["create", "start", `exit ${index}`, "delete"]);
    }
    await events.stop();
  });
});

describe("a running task", () => {
  test("has execs that are killed one by one, and is not removed while it runs", async () => {
    const events = await EventLog.start(containerd());
    await must(...run("web", "-d"), "sleep", "1000");
    const first = containerd().ctr(["tasks", "exec", "--exec-id", "e1", "web", "sleep", "1000"]);
    const second = containerd().ctr(["tasks", "exec", "--exec-id", "e2", "web", "sleep", "1000"]);
    await events.until("exec-started", "web", "e1");
    await events.until("exec-started", "web", "e2");
    const refused = await containerd().ctr(["tasks", "delete", "web"]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/failed precondition/);
    await must("tasks", "kill", "--exec-id", "e1", "-s", "SIGTERM", "web");
    expect((await first).code).toBe(143);
    await must("tasks", "kill", "--exec-id", "e2", "-s", "SIGKILL", "web");
    expect((await second).code).toBe(137);
    await must("tasks", "rm", "-f", "web");
    await must("containers", "rm", "web");
    await events.until("delete", "web");
    await events.stop();
    const topics = events.of("web").filter((topic) => !topic.startsWith("exec-"));
    expect(topics).toEqual(["create", "start", "exit e1 143", "exit e2 137", "exit 137", "delete"]);
  });

  test("whose shim is killed ends with 137, and containerd has its `delete` clean up", async () => {
    const events = await EventLog.start(containerd());
    await must(...run("web", "-d"), "sleep", "1000");
    const [vmm] = /\d+(?= +RUNNING)/.exec(await must("tasks", "ls")) ?? [];
    const bundle = path.join(containerd().directory, "state/io.containerd.runtime.v2.task/default/web");
    killProcess(Number(readFileSync(path.join(bundle, "shim.pid"), "utf8")));
    await events.until("exit", "web");
    expect(events.of("web")).toEqual(["create", "start", "exit 137", "delete"]);
    await until(() => !alive(Number(vmm)), 5000, "the VMM's end");
    expect(await must("tasks", "ls", "-q")).toBe("");
    await must("containers", "rm", "web");
    await events.stop();
  });
});
