import { describe, expect, test } from "vitest";
import type { FileStat, FileSystemStat } from "../sys/port/files.ts";
import type { ExitStatus } from "../sys/port/processes.ts";
import { vmLossError } from "./vm-loss.ts";

const exit = (status: ExitStatus) => ({ status, stderrTail: ["words"], consoleTail: [], guestEnd: undefined });
const sandbox = { id: "web", cgroupsPath: "" };

/** A host of one cgroup mode whose sandbox has this in its memory events. */
function host(mode: "unified" | "legacy", events: string | undefined) {
  const file =
    mode === "unified"
      ? "/sys/fs/cgroup/kata_overhead_web/memory.events"
      : "/sys/fs/cgroup/memory/kata_overhead_web/memory.oom_control";
  const paths = [
    "/sys/fs/cgroup",
    ...(mode === "legacy" ? ["/sys/fs/cgroup/memory"] : []),
    ...(events === undefined ? [] : [file]),
  ];
  return {
    statFs: () => ({ type: mode === "unified" ? 0x63677270 : 0 }) as FileSystemStat,
    exists: (path: string) => paths.includes(path),
    lstat: () => ({ kind: "directory" }) as FileStat,
    readText: () => events ?? "",
  };
}

describe("vmLossError()", () => {
  test.each(["unified", "legacy"] as const)("tells an out-of-memory kill of the host (%s cgroups)", (mode) => {
    const sys = host(mode, "low 0\noom 1\noom_kill 1\n");
    const error = vmLossError({ sys, sandbox }, "qemu", exit({ kind: "signaled", signal: 9 }), "while it ran");
    expect(error.message).toBe(
      "qemu was killed by signal 9 (SIGKILL) while it ran, because the host ran out of memory",
    );
    expect(error.hint).toContain("oom_kill");
    expect((error.cause as Error).message).toBe("qemu said: words");
  });

  test.each<[string, string | undefined, ExitStatus]>([
    ["somebody's SIGKILL", "oom_kill 0\n", { kind: "signaled", signal: 9 }],
    ["a cgroup that is not there", undefined, { kind: "signaled", signal: 9 }],
    ["another signal", "oom_kill 1\n", { kind: "signaled", signal: 11 }],
    ["an exit", "oom_kill 1\n", { kind: "exited", code: 1 }],
  ])("leaves %s alone", (_name, events, status) => {
    const error = vmLossError({ sys: host("unified", events), sandbox }, "qemu", exit(status), "while it ran");
    expect(error.message).not.toContain("memory");
  });
});
