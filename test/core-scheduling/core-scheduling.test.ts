import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kataCtl } from "../support/kata-ctl.ts";

// Core scheduling needs a kernel with it and a core with two threads: both are had by emulation. The programs run in the
// machine; nothing of the host is touched.

/** A thread of the machine, as cookies.c prints it. */
interface Thread {
  readonly process: number;
  readonly parent: number;
  readonly cookie: string;
  readonly command: string;
}

const run = promisify(execFile);
const parts = import.meta.dirname;
const dir = mkdtempSync(path.join(tmpdir(), "core-scheduling-"));
const kernelBuildMs = 1_800_000;
const machineMs = 240_000;

const configuration = `
[hypervisor.qemu]
path = "/stand-in"
virtio_fs_daemon = "/stand-in"
kernel = "/init"
initrd = "/init"
default_memory = 128
[agent.kata]
dial_timeout = 600
`;

let output: string;
let threads: readonly Thread[];

beforeAll(async () => {
  const kernel = (await run(path.join(parts, "build-kernel.sh"))).stdout.trim();
  await makeInitrd();
  output = await runMachine(kernel);
  threads = [...output.matchAll(/^thread \d+ (\d+) (\d+) ([0-9a-f]+) (.*?)\r?$/gm)].map((words) => ({
    process: Number(words[1]),
    parent: Number(words[2]),
    cookie: words[3] ?? "",
    command: words[4] ?? "",
  }));
}, kernelBuildMs);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function makeInitrd(): Promise<void> {
  const tree = path.join(dir, "tree");
  for (const name of ["bin", "dev", "proc", "sys", "run", "tmp", "rootfs"]) {
    mkdirSync(path.join(tree, name), { recursive: true });
  }
  await run("gcc", [
    "-O2",
    "-Wall",
    "-Werror",
    "-static",
    "-o",
    path.join(tree, "bin/cookies"),
    path.join(parts, "cookies.c"),
  ]);
  copyFileSync("/bin/busybox", path.join(tree, "bin/busybox"));
  copyFileSync(kataCtl, path.join(tree, "bin/kata-ctl"));
  symlinkSync("kata-ctl", path.join(tree, "bin/containerd-shim-kata-v2"));
  copyFileSync(path.join(parts, "init.sh"), path.join(tree, "init"));
  // A program that only waits: VMM, share-fs daemon, and what the container would run.
  for (const name of ["stand-in", "rootfs/program"]) {
    writeFileSync(path.join(tree, name), "#!/bin/sh\nwhile :; do sleep 3600; done\n");
    chmodSync(path.join(tree, name), 0o755);
  }
  writeFileSync(path.join(tree, "configuration.toml"), configuration);
  await run("sh", ["-c", "find . | cpio -o -H newc --quiet >../initrd"], { cwd: tree });
}

/** Boots it and returns what it printed before it switched itself off. */
async function runMachine(kernel: string): Promise<string> {
  const { stdout } = await run(
    "qemu-system-x86_64",
    [
      // The model has the CPU's own description of cores and threads, which Linux reads.
      ...["-accel", "tcg", "-cpu", "Skylake-Client", "-smp", "2,sockets=1,cores=1,threads=2", "-m", "256M"],
      ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
      ...["-kernel", kernel, "-initrd", path.join(dir, "initrd")],
      // Cookies are hashed with a key that the kernel draws when it has random numbers.
      ...["-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on tsc=reliable no_timer_check reboot=t"],
    ],
    { timeout: machineMs, killSignal: "SIGKILL" },
  );
  return stdout;
}

/** The serving shim of a namespace, and what it has started. */
function shimOf(namespace: string): { readonly shim: Thread; readonly started: readonly Thread[] } {
  const found = threads.filter(({ command }) => command.startsWith(`containerd-shim-kata-v2 -namespace ${namespace} `));
  const [shim, ...more] = found;
  if (shim === undefined || more.length > 0) throw new Error(`${found.length} shims of ${namespace}:\n${output}`);
  return { shim, started: below(shim.process) };
}

function below(process: number): Thread[] {
  const children = threads.filter(({ parent }) => parent === process);
  return [...children, ...children.flatMap((child) => below(child.process))];
}

test("the machine has a core with two threads", () => {
  expect(output).toContain("SMT 1");
});

test.each(["apart-1", "apart-2"])(
  "a shim that is started with SCHED_CORE has a cookie, with all that it starts: %s",
  (name) => {
    const { shim, started } = shimOf(name);
    expect(shim.cookie).not.toBe("0");
    expect(started.filter(({ command }) => command.includes("stand-in")).length).toBe(2);
    expect(new Set(started.map(({ cookie }) => cookie))).toEqual(new Set([shim.cookie]));
  },
);

test("two such shims have different cookies, and nobody else has one", () => {
  const apart = ["apart-1", "apart-2"].map(shimOf);
  expect(new Set(apart.map(({ shim }) => shim.cookie)).size).toBe(2);
  const theirs = new Set(apart.flatMap(({ shim, started }) => [shim, ...started]));
  const others = threads.filter((thread) => !theirs.has(thread));
  expect(others.filter(({ cookie }) => cookie !== "0")).toEqual([]);
  // Among them the callers of the shims.
  expect(others.some(({ command }) => command.includes("kata-ctl"))).toBe(true);
});

test.each(["empty", "absent"])("without SCHED_CORE there is no cookie: %s", (name) => {
  const { shim, started } = shimOf(name);
  expect(started.filter(({ command }) => command.includes("stand-in")).length).toBe(2);
  expect(new Set([shim, ...started].map(({ cookie }) => cookie))).toEqual(new Set(["0"]));
});
