import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { UndoStack } from "./undo-stack.ts";

/** How the host organises cgroups: one tree, or one for each controller (cgroups(7)). */
export type CgroupMode = "unified" | "legacy";

const root = "/sys/fs/cgroup";
/** statfs(2). */
const CGROUP2_MAGIC = 0x63677270;
/** Controllers of the legacy mode that account for what a VM uses. */
const legacyControllers = ["memory", "cpu,cpuacct", "cpu", "cpuacct", "pids"];

/** How the cgroups of sandboxes begin that have no pod's. */
const OVERHEAD = "kata_overhead_";

/** What placing processes needs. */
export interface CgroupDeps {
  readonly sys: FilesPort;
  readonly undo: UndoStack;
  readonly logger: Logger;
}

/** Whether /sys/fs/cgroup itself is a cgroup2 file system. */
export function cgroupMode(sys: Pick<FilesPort, "statFs">): CgroupMode {
  return sys.statFs(root).type === CGROUP2_MAGIC ? "unified" : "legacy";
}

/**
 * Where the sandbox's processes go within a hierarchy: `kata_<name>` beside the container's own place when its parent
 * exists, as for pods, and `kata_overhead_<sandbox>` at the top otherwise, so that no parent has to be made and removed.
 */
export function cgroupName(
  sys: Pick<FilesPort, "exists">,
  hierarchy: string,
  sandbox: { readonly id: string; readonly cgroupsPath: string },
): string {
  const parts = sandbox.cgroupsPath.split("/").filter((part) => part !== "" && part !== ".");
  const base = parts.pop();
  // systemd owns its tree: its `slice:prefix:name` form is no place of ours.
  const usable = base !== undefined && parts.length > 0 && !/(?:^|\/)\.\.(?:\/|$)|:/.test(sandbox.cgroupsPath);
  const parent = parts.join("/");
  return usable && sys.exists(`${hierarchy}/${parent}`) ? `${parent}/kata_${base}` : `${OVERHEAD}${sandbox.id}`;
}

/**
 * Moves running processes into cgroups of the sandbox's own. A host that does not let us (read-only or delegated trees) is
 * no error: accounting is lost, nothing else. Takes some 10 ms of the kernel's time, so call it while the guest boots.
 */
export function placeInCgroup(
  deps: CgroupDeps,
  sandbox: { readonly id: string; readonly cgroupsPath: string },
  pids: readonly number[],
): void {
  const { sys, undo, logger } = deps;
  for (const hierarchy of hierarchies(sys)) {
    const directory = `${hierarchy}/${cgroupName(sys, hierarchy, sandbox)}`;
    undo.push({ kind: "remove-cgroup", path: directory });
    try {
      sys.mkdirAll(directory);
      for (const pid of pids) sys.writeFile(`${directory}/cgroup.procs`, String(pid));
    } catch (error) {
      if (!isErrno(error, "EACCES", "EPERM", "EROFS", "EBUSY", "ENOENT", "ESRCH", "EOPNOTSUPP", "EINVAL")) throw error;
      logger.warn("cannot use a cgroup of the sandbox's own", { directory, error: KataError.from(error) });
    }
  }
}

/** The cgroups at the top of the hierarchies that `placeInCgroup` made, whether or not their sandboxes still exist. */
export function overheadCgroups(
  sys: Pick<FilesPort, "statFs" | "exists" | "lstat" | "readDir" | "readText">,
): { readonly sandboxId: string; readonly path: string; readonly empty: boolean }[] {
  return hierarchies(sys).flatMap((hierarchy) =>
    sys
      .readDir(hierarchy)
      .filter(({ kind, name }) => kind === "directory" && name.startsWith(OVERHEAD))
      .map(({ name }) => {
        const path = `${hierarchy}/${name}`;
        return { sandboxId: name.slice(OVERHEAD.length), path, empty: sys.readText(`${path}/cgroup.procs`) === "" };
      }),
  );
}

/** How many processes of the sandbox's cgroup the host's kernel killed for want of memory; 0 when it is not known. */
export function oomKills(
  sys: Pick<FilesPort, "statFs" | "exists" | "lstat" | "readText">,
  sandbox: { readonly id: string; readonly cgroupsPath: string },
): number {
  const hierarchy = hierarchies(sys).find((directory) => directory === root || directory === `${root}/memory`);
  if (hierarchy === undefined) return 0;
  const file = hierarchy === root ? "memory.events" : "memory.oom_control";
  const path = `${hierarchy}/${cgroupName(sys, hierarchy, sandbox)}/${file}`;
  if (!sys.exists(path)) return 0;
  return Number(/^oom_kill (\d+)$/m.exec(sys.readText(path))?.[1] ?? 0);
}

function hierarchies(sys: Pick<FilesPort, "statFs" | "exists" | "lstat">): string[] {
  if (!sys.exists(root)) return [];
  if (cgroupMode(sys) === "unified") return [root];
  // Distributions link `cpu` to `cpu,cpuacct`: only the directory itself counts.
  return legacyControllers
    .map((name) => `${root}/${name}`)
    .filter((directory) => sys.exists(directory) && sys.lstat(directory).kind === "directory");
}
