import { describe, expect, test } from "vitest";
import { containerdVersions, kataRuntime } from "../support/containerd.ts";
import { EventLog } from "../support/containerd-events.ts";
import { image, useContainerd } from "../support/containerd-suite.ts";

const waitForTerm = ["sh", "-c", 'trap "exit 3" TERM; while :; do sleep 1 & wait $!; done'];

describe.each(containerdVersions)("containerd %s", (version) => {
  const containerd = useContainerd(version);
  const must = async (...arguments_: string[]) => (await containerd().must(arguments_)).stdout;
  const run = (id: string, ...flags: string[]) => ["run", ...flags, "--runtime", kataRuntime, image, id];
  /** The row of `ctr tasks ls`: pid and status. */
  const listed = async (id: string) => {
    const rows = (await must("tasks", "ls")).split("\n").map((line) => line.trim().split(/\s+/));
    return rows.find(([name]) => name === id)?.slice(1);
  };

  test("`ctr run --rm` passes input, both outputs and the exit code", async () => {
    const arguments_ = [...run("one", "--rm"), "sh", "-c", "cat; echo err >&2; exit 7"];
    const { code, stdout, stderr } = await containerd().ctr(arguments_, { input: "in\n" });
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "in\n", stderr: "err\n" });
  });

  test("a task is entered, paused, measured and ended; its events come in order", async () => {
    const events = await EventLog.start(containerd());
    await must(...run("web", "-d"), ...waitForTerm);
    const [pid, status] = (await listed("web")) ?? [];
    expect(status).toBe("RUNNING");
    expect(await must("tasks", "ps", "web")).toMatch(new RegExp(`^PID +INFO\n${pid} +-\n$`));

    const entered = await containerd().ctr(["tasks", "exec", "--exec-id", "e1", "web", "sh", "-c", "cat; exit 5"], {
      input: "typed",
    });
    expect(entered).toMatchObject({ code: 5, stdout: "typed", stderr: "" });

    await must("tasks", "pause", "web");
    expect(await listed("web")).toEqual([pid, "PAUSED"]);
    await must("tasks", "resume", "web");
    expect(await listed("web")).toEqual([pid, "RUNNING"]);

    const metrics = await must("tasks", "metrics", "web");
    expect(metrics).toMatch(/^(memory\.usage_in_bytes|memory\.usage) +[1-9]\d{5,7} *$/m);
    expect(metrics).toMatch(/^(cpuacct\.usage|cpu\.usage_usec) +[1-9]\d{4,} *$/m);
    expect(metrics).toMatch(/^pids\.current +[1-9] *$/m);

    await must("tasks", "kill", "-s", "SIGTERM", "web");
    await events.until("exit", "web");
    expect(await listed("web")).toEqual([pid, "STOPPED"]);
    expect((await containerd().must(["tasks", "delete", "web"])).stderr).toContain("non-zero exit code 3");
    await must("containers", "rm", "web");
    await events.until("delete", "web");
    await events.stop();
    expect(events.of("web")).toEqual([
      ...["create", "start", "exec-added e1", "exec-started e1", "exit e1 5"],
      ...["paused", "resumed", "exit 3", "delete"],
    ]);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)("a container outlives a %s of containerd", async (signal) => {
    await must(...run("web", "-d"), "sleep", "1000");
    const before = await listed("web");
    await containerd().restart(signal);
    expect(await listed("web")).toEqual(before);
    const events = await EventLog.start(containerd());
    expect(await must("tasks", "exec", "--exec-id", "e1", "web", "echo", "still here")).toBe("still here\n");
    await must("tasks", "kill", "-s", "SIGKILL", "web");
    await events.until("exit", "web");
    expect((await containerd().must(["tasks", "delete", "web"])).stderr).toContain("non-zero exit code 137");
    await must("containers", "rm", "web");
    await events.until("delete", "web");
    await events.stop();
    expect(events.of("web")).toEqual(["exec-added e1", "exec-started e1", "exit e1 0", "exit 137", "delete"]);
  });
});
