import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CommandResult, TestHost } from "../support/kata-ctl.ts";
import { expectNoLeaks, findProcesses, type HostSnapshot, killProcess, snapshotHost } from "../support/leak-check.ts";

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
afterEach(() => expectNoLeaks(before));

const vmm = /^qemu-system-/;
const shim = /^containerd-shim-kata-v2$/;
const virtiofsd = /^virtiofsd$/;

async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 10_000,
): Promise<T> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > giveUpAt) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const processOf = (program: RegExp) => until(String(program), () => findProcesses(program, "")[0]);

interface Killed {
  readonly result: CommandResult;
  /** From the kill to the end of kata-ctl. */
  readonly milliseconds: number;
}

/** Starts a container that would run for long, kills what `victim` finds, and waits for kata-ctl to end. */
async function runAndKill(victim: () => Promise<number>, ...command: string[]): Promise<Killed> {
  const running = host.ctl(["run", "--rm", "--name", "victim", "busybox", ...command]);
  const pid = await victim();
  const killedAt = performance.now();
  killProcess(pid);
  const result = await running;
  return { result, milliseconds: performance.now() - killedAt };
}

/** Waits until the container's process runs, which it tells by a file in a shared directory. */
function marker(): { readonly flag: string; readonly command: string[]; readonly seen: () => Promise<true> } {
  const directory = path.join(host.root, `marker-${Math.random().toString(36).slice(2)}`);
  mkdirSync(directory);
  return {
    flag: `${directory}:/marker`,
    command: ["sh", "-c", "touch /marker/up; sleep 1000"],
    seen: () =>
      until("the container to run", () => {
        try {
          execFileSync("test", ["-e", path.join(directory, "up")]);
          return true;
        } catch {
          return undefined;
        }
      }),
  };
}

async function killWhileRunning(program: RegExp): Promise<Killed> {
  const { flag, command, seen } = marker();
  const running = host.ctl(["run", "--rm", "--name", "victim", "-v", flag, "busybox", ...command]);
  await seen();
  const pid = await processOf(program);
  const killedAt = performance.now();
  killProcess(pid);
  const result = await running;
  return { result, milliseconds: performance.now() - killedAt };
}

describe("killing the VMM", () => {
  test("before the agent answers fails the start at once, with the cause", async () => {
    const { result, milliseconds } = await runAndKill(async () => {
      const pid = await processOf(vmm);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return pid;
    }, "true");
    expect(result.code).toBe(125);
    expect(result.stderr).toMatch(/SIGKILL/);
    expect(result.stderr).toMatch(/stage +boot-guest/);
    expect(milliseconds).toBeLessThan(1000);
  });

  test("while the container runs ends it at once, with the cause", async () => {
    const { result, milliseconds } = await killWhileRunning(vmm);
    expect(result.code).toBe(137);
    expect(result.stderr).toMatch(/SIGKILL/);
    expect(milliseconds).toBeLessThan(1000);
  });
});

describe("killing the shim", () => {
  test("while the guest boots", async () => {
    const { result, milliseconds } = await runAndKill(async () => {
      await processOf(vmm);
      return processOf(shim);
    }, "true");
    expect(result.code).toBe(125);
    expect(result.stderr).toMatch(/shim/);
    expect(milliseconds).toBeLessThan(1000);
  });

  test("while the container runs", async () => {
    const { result, milliseconds } = await killWhileRunning(shim);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/shim/);
    expect(milliseconds).toBeLessThan(1000);
  });
});

test("a guest kernel that panics, as it does when the agent dies, ends the container and is quoted", async () => {
  // The agent is PID 1 of the guest and out of a container's reach: what its death causes is caused directly.
  const crash =
    "mount -o remount,rw /proc/sysrq-trigger || mount -o remount,rw /proc; echo c > /proc/sysrq-trigger; sleep 60";
  const startedAt = performance.now();
  const result = await host.ctl(["run", "--rm", "--cap-add", "ALL", "busybox", "sh", "-c", crash]);
  expect(result.code).toBe(137);
  expect(result.stderr).toMatch(/the guest's kernel panicked: sysrq triggered crash/);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test("killing virtiofsd fails the sandbox and names it", async () => {
  const { result, milliseconds } = await killWhileRunning(virtiofsd);
  expect(result.code).not.toBe(0);
  expect(result.stderr).toMatch(/virtiofsd/);
  expect(milliseconds).toBeLessThan(1500);
});

test("a VMM that hangs does not keep the container from being removed", async () => {
  const { flag, command, seen } = marker();
  await host.must(["run", "-d", "--name", "victim", "-v", flag, "busybox", ...command]);
  await seen();
  const pid = await processOf(vmm);
  killProcess(pid, "SIGSTOP");
  const startedAt = performance.now();
  await host.must(["rm", "-f", "victim"]);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("killing kata-ctl leaves a container that can still be listed and removed", async () => {
  const { flag, command, seen } = marker();
  let pid = 0;
  const running = host.ctl(["run", "--name", "victim", "-v", flag, "busybox", ...command], {
    started: (started) => {
      pid = started;
    },
  });
  await seen();
  killProcess(pid);
  await running;
  expect((await host.must(["ps", "-a"])).stdout).toContain("victim");
  await host.must(["rm", "-f", "victim"]);
});

describe("a full disk", () => {
  /** Mounts a small file system over `directory` and fills it while `work` runs. */
  async function full(directory: string, work: () => Promise<void>): Promise<void> {
    mkdirSync(directory, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]);
    try {
      try {
        writeFileSync(path.join(directory, "filler"), Buffer.alloc(1 << 20));
      } catch {
        // It is full now, as wanted.
      }
      await work();
    } finally {
      execFileSync("umount", ["--lazy", directory]);
    }
  }

  test("below the state directory refuses to start and says why", async () => {
    await full("/run/vc", async () => {
      const result = await host.ctl(["run", "--rm", "busybox", "true"]);
      expect(result.code).toBe(125);
      expect(result.stderr).toMatch(/No space left on device/);
      expect(result.stderr).toMatch(/hint/);
    });
  });

  test("below kata-ctl's own directory refuses to start and says why", async () => {
    const directory = path.join(host.root, "run");
    await full(directory, async () => {
      const result = await host.ctl(["run", "--rm", "busybox", "true"]);
      expect(result.code).toBe(125);
      expect(result.stderr).toMatch(/No space left on device/);
    });
  });
});
