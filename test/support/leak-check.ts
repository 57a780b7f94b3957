import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import path from "node:path";

const repository = path.resolve(import.meta.dirname, "../..");

/**
 * What the project's programs could leave on a host: one sorted list of names for each kind of thing. Two snapshots
 * are compared in both directions, because a thing that vanished is as wrong as one that stayed.
 */
export type HostSnapshot = Readonly<Record<ResourceKind, readonly string[]>>;
export type ResourceKind =
  | "processes"
  | "mounts"
  | "unix sockets"
  | "links"
  | "network namespaces"
  | "cgroups"
  | "loop devices"
  | "directories"
  | "our descriptors";

/** Programs whose processes count: ours, and those that we start. */
const programs =
  /^(containerd-shim-kata-v2|kata-ctl|kata-runtime|kata-monitor|qemu-system-|virtiofsd|vhost-device-vsock|skopeo|umoci)/;

/** Directories that hold one entry for each sandbox or container, and must be as they were. */
const stateDirectories = [
  "/run/vc/sbs",
  "/run/vc/vm",
  "/run/kata-containers/shared/sandboxes",
  "/run/containerd/s",
  "/run/kata-ctl",
];

/** Records what is there now. `extraDirectories` are walked too, such as a test's own `--root`. */
export function snapshotHost(extraDirectories: readonly string[] = []): HostSnapshot {
  return {
    processes: processes(),
    mounts: mounts(),
    "unix sockets": unixSockets(),
    links: directoryNames("/sys/class/net"),
    "network namespaces": directoryNames("/run/netns"),
    cgroups: cgroups(),
    "loop devices": loopDevices(),
    directories: [...stateDirectories, ...extraDirectories].flatMap((directory) => tree(directory, 4)).sort(),
    "our descriptors": ourDescriptors(),
  };
}

/** The differences between two snapshots, one line each: `+` leaked, `-` lost. Empty when nothing changed. */
export function compareSnapshots(before: HostSnapshot, after: HostSnapshot): string[] {
  const differences: string[] = [];
  for (const kind of Object.keys(before) as ResourceKind[]) {
    for (const name of subtract(after[kind], before[kind])) differences.push(`+ ${kind}: ${name}`);
    for (const name of subtract(before[kind], after[kind])) differences.push(`- ${kind}: ${name}`);
  }
  return differences;
}

/**
 * Waits up to `settleMs` until the host is as it was, and throws with the differences when it is not. The kernel tears
 * mounts and cgroups down a moment after the last process is gone; on a busy machine the moment is long.
 */
export async function expectNoLeaks(
  before: HostSnapshot,
  options: { readonly settleMs?: number; readonly extraDirectories?: readonly string[] } = {},
): Promise<void> {
  const giveUpAt = Date.now() + (options.settleMs ?? 20_000);
  for (;;) {
    const differences = compareSnapshots(before, snapshotHost(options.extraDirectories));
    if (differences.length === 0) return;
    if (Date.now() > giveUpAt) throw new Error(`The host is not as it was before:\n${differences.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Multiset difference: an entry that appears twice in `all` and once in `known` remains once. */
function subtract(all: readonly string[], known: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of known) counts.set(name, (counts.get(name) ?? 0) + 1);
  return all.filter((name) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count - 1);
    return count <= 0;
  });
}

function processIds(): number[] {
  return directoryNames("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function processes(): string[] {
  const found: string[] = [];
  for (const pid of processIds()) {
    const name = programName(pid);
    if (name !== undefined && programs.test(name) && !awaitsInit(pid)) found.push(`${pid} ${name}`);
  }
  return found.sort();
}

/** An orphan that has ended and that init reaps in its own time. A zombie of ours has one of our programs as its parent. */
function awaitsInit(pid: number): boolean {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "";
  return / Z 1 /.test(stat.slice(stat.lastIndexOf(")")));
}

/** The program's file name; a zombie keeps its comm. */
function programName(pid: number): string | undefined {
  const executable = attempt(() => path.basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "")));
  const firstArgument = attempt(() => path.basename(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? ""));
  const comm = attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim());
  return [firstArgument, executable, comm].find((name) => name !== undefined && programs.test(name));
}

/** Mounts of this process's namespace and of every namespace that one of our programs lives in. */
function mounts(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const fields = line.split(" ");
      const separator = fields.indexOf("-");
      return `${fields[4]} (${fields[separator + 1]})`;
    })
    .sort();
}

function unixSockets(): string[] {
  return (
    readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/)[7] ?? "")
      .filter((name) => /kata|\/run\/vc|containerd\/s\/|virtiofsd|qmp/.test(name))
      // The kernel lists those of other mount namespaces, too.
      .filter((name) => !name.startsWith("/") || existsSync(name))
      .sort()
  );
}

function cgroups(): string[] {
  return tree("/sys/fs/cgroup", 5).filter((name) => /kata|vc|kata_overhead/.test(name.slice("/sys/fs/cgroup".length)));
}

function loopDevices(): string[] {
  return directoryNames("/sys/block").filter(
    (name) => name.startsWith("loop") && existsSync(`/sys/block/${name}/loop/backing_file`),
  );
}

/** Descriptors of this very process that point at files of ours. */
function ourDescriptors(): string[] {
  return directoryNames("/proc/self/fd")
    .map((fd) => attempt(() => readlinkSync(`/proc/self/fd/${fd}`)) ?? "")
    .filter((target) => /kata|\/run\/vc/.test(target) && !target.startsWith(`${repository}/`))
    .sort();
}

function tree(directory: string, depth: number): string[] {
  if (depth === 0) return [];
  const found: string[] = [];
  for (const name of directoryNames(directory)) {
    const child = path.join(directory, name);
    found.push(child);
    const isDirectory = attempt(() => statSync(child, { throwIfNoEntry: false })?.isDirectory()) ?? false;
    if (isDirectory) found.push(...tree(child, depth - 1));
  }
  return found.sort();
}

function directoryNames(directory: string): string[] {
  return (attempt(() => readdirSync(directory)) ?? []).sort();
}

/** Undefined when the thing vanished while it was looked at, as things under /proc do. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Sends a signal to a process, for tests that kill on purpose. */
export function killProcess(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  process.kill(pid, signal);
}

/** The parent of a process; undefined when it is gone. */
export function parentOf(pid: number): number | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Pids of running programs whose command line contains `text`. */
export function findProcesses(program: RegExp, text: string): number[] {
  return processIds().filter((pid) => {
    const name = programName(pid);
    const commandLine = attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")) ?? "";
    return name !== undefined && program.test(name) && commandLine.includes(text);
  });
}

/** Runs a command and returns its standard output; throws with its standard error. */
export function run(command: string, ...arguments_: string[]): string {
  return execFileSync(command, arguments_, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
