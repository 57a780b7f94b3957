import { KataError } from "../base/error.ts";
import { overheadCgroups } from "../resource/cgroup.ts";
import { mountsBelow } from "../resource/mount-table.ts";
import { sandboxPaths } from "../resource/paths.ts";
import { type UndoDeps, undo } from "../resource/undo.ts";
import { isErrno } from "../sys/error.ts";
import type { Sys } from "../sys/sys.ts";
import { cleanUpSandbox } from "./cleanup.ts";
import { processesNaming } from "./naming-processes.ts";
import { readRecord } from "./read-record.ts";
import { lockStateDir } from "./state-dir.ts";

/** Something that a sandbox left whose shim is dead. */
export interface Orphan {
  readonly kind: "sandbox" | "vm-directory" | "share" | "cgroup";
  readonly sandboxId: string;
  readonly path: string;
  /** What it is known by. */
  readonly why: string;
}

/** Something that looks like an orphan and is not touched. */
export interface Spared {
  readonly path: string;
  /** Whose it is, or what is wrong with it. */
  readonly why: string;
}

export interface Findings {
  readonly orphans: readonly Orphan[];
  readonly spared: readonly Spared[];
}

/** A shim locks its state directory right after making it, and writes its record: this long may pass in between. */
const YOUNG_MS = 10_000;
/** What drivers and daemons put into a VM's directory, and the parts of a share: whatever else is there is not ours. */
const vmFiles = /^(pid|[\w.-]+\.(sock|log))$/;
const shareParts = /^(shared|mounts|private)$/;

/**
 * Looks for what sandboxes left on this host. What lives, what another program made, and what cannot be told from it is
 * never an orphan. Other implementations keep their sandboxes in the same places.
 */
export function findOrphans(deps: Pick<UndoDeps, "sys" | "clock">, runDir = "/run"): Findings {
  const findings = { orphans: [] as Orphan[], spared: [] as Spared[] };
  const known = new Set<string>();
  const at = (id: string) => sandboxPaths(id, runDir);
  for (const sandboxId of directories(deps.sys, parent(at("x").stateDir))) {
    known.add(sandboxId);
    judgeSandbox(deps, findings, sandboxId, at(sandboxId).stateDir);
  }
  const places = [
    { kind: "vm-directory", names: vmFiles, pathOf: (id: string) => at(id).vmDir },
    { kind: "share", names: shareParts, pathOf: (id: string) => at(id).share.root },
  ] as const;
  for (const { kind, names, pathOf } of places) {
    for (const sandboxId of directories(deps.sys, parent(pathOf("x")))) {
      if (known.has(sandboxId)) continue;
      judgeDirectory(deps.sys, findings, { kind, sandboxId, path: pathOf(sandboxId) }, names);
    }
  }
  for (const { sandboxId, path, empty } of overheadCgroups(deps.sys)) {
    if (known.has(sandboxId)) continue;
    if (empty) findings.orphans.push({ kind: "cgroup", sandboxId, path, why: "no process, and no such sandbox" });
    else findings.spared.push({ path, why: "it has processes" });
  }
  return findings;
}

/** Removes an orphan, after making sure once more that it is one. Returns the problems. */
export async function removeOrphan(deps: UndoDeps, orphan: Orphan, runDir = "/run"): Promise<readonly Error[]> {
  const { kind, path, sandboxId } = orphan;
  try {
    if (kind === "sandbox") return await removeSandbox(deps, orphan, runDir);
    if (kind === "share") {
      for (const point of mountsBelow(deps.sys, path).reverse()) await undo(deps, { kind: "unmount", path: point });
    }
    if (deps.sys.exists(sandboxPaths(sandboxId, runDir).stateDir)) throw inUse(path, "a sandbox has begun to use it");
    await undo(deps, kind === "cgroup" ? { kind: "remove-cgroup", path } : { kind: "remove-tree", path });
    return [];
  } catch (error) {
    return [KataError.from(error)];
  }
}

async function removeSandbox(deps: UndoDeps, { sandboxId, path }: Orphan, runDir: string): Promise<readonly Error[]> {
  const held = lockOrNothing(deps.sys, path);
  if (held === "gone") return [];
  if (held === undefined) throw inUse(path, "its shim lives");
  try {
    return await cleanUpSandbox(deps, { sandboxId, runDir });
  } finally {
    held.release();
  }
}

function judgeSandbox(
  { sys, clock }: Pick<UndoDeps, "sys" | "clock">,
  findings: { orphans: Orphan[]; spared: Spared[] },
  sandboxId: string,
  path: string,
): void {
  let shimPid: number | undefined;
  try {
    shimPid = readRecord(sys, path)?.shimPid;
  } catch (error) {
    findings.spared.push({ path, why: `not a sandbox of this program: ${KataError.from(error).message}` });
    return;
  }
  if (shimPid === undefined) {
    if (directoryAgeMs(sys, clock.wallMs(), path) < YOUNG_MS) return;
    const foreign = sys.readDir(path).find(({ name }) => !/\.(sock|new)$/.test(name));
    if (foreign !== undefined) {
      findings.spared.push({ path, why: `not a sandbox of this program: it has no record, but ${foreign.name}` });
      return;
    }
  }
  const held = lockOrNothing(sys, path);
  if (held === undefined || held === "gone") return;
  held.release();
  const why = shimPid === undefined ? "its shim died before it wrote a record" : `its shim (pid ${shimPid}) is dead`;
  findings.orphans.push({ kind: "sandbox", sandboxId, path, why });
}

function judgeDirectory(
  sys: Sys,
  findings: { orphans: Orphan[]; spared: Spared[] },
  place: Omit<Orphan, "why">,
  expected: RegExp,
): void {
  const { path } = place;
  const foreign = sys.readDir(path).find(({ name }) => !expected.test(name));
  const [user] = processesNaming(sys, [path]);
  if (user !== undefined) findings.spared.push({ path, why: `process ${user.pid} uses it` });
  else if (foreign !== undefined) findings.spared.push({ path, why: `not of this program: it has ${foreign.name}` });
  else findings.orphans.push({ ...place, why: "no such sandbox" });
}

function lockOrNothing(sys: Sys, path: string): ReturnType<typeof lockStateDir> | "gone" {
  try {
    return lockStateDir(sys, path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "gone";
    throw error;
  }
}

function directories(sys: Sys, path: string): string[] {
  try {
    return sys
      .readDir(path)
      .filter(({ kind }) => kind === "directory")
      .map(({ name }) => name);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** Never negative: what was changed before the clock was set back is not new. */
function directoryAgeMs(sys: Sys, nowMs: number, path: string): number {
  return Math.abs(nowMs - sys.lstat(path).modifiedMs);
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function inUse(path: string, why: string): KataError {
  return new KataError("failed-precondition", `${path} is no orphan any more: ${why}`);
}
