import { cgroupMode } from "../../../../resource/cgroup.ts";
import { isErrno } from "../../../../sys/error.ts";
import type { HostSys, Probe } from "../probe.ts";

const root = "/sys/fs/cgroup";
/** Controllers that a pod's limits and figures come from. */
const wanted = ["cpu", "memory", "pids"];

/** How the host organises cgroups, and whether pods can be accounted for. Without it they run, unlimited and uncounted. */
export const cgroupsProbe: Probe = {
  id: "cgroups",
  title: "cgroups",
  needed: "recommended",
  run({ sys }) {
    if (!sys.exists(root)) {
      return {
        result: "warning",
        reason: `there is no ${root}: sandboxes are neither limited nor accounted for`,
        remedy: "Mount cgroups, as systemd does: mount -t cgroup2 none /sys/fs/cgroup",
      };
    }
    const { controllers, mode } = hierarchy(sys);
    const details = [`controllers: ${controllers.join(" ") || "none"}`];
    if (isReadOnly(sys)) {
      return {
        result: "warning",
        reason: `${mode}, read-only: sandboxes are neither limited nor accounted for`,
        remedy: "Mount /sys/fs/cgroup writable; in a container, give it a cgroup namespace of its own",
        details,
      };
    }
    const missing = wanted.filter((name) => !controllers.includes(name));
    if (missing.length === 0) return { result: "ok", reason: `${mode} with ${wanted.join(", ")}`, details };
    const undelegated = mode === "v2" && missing.every((name) => listOf(sys, "cgroup.controllers").includes(name));
    return {
      result: "warning",
      reason: `${mode} without ${missing.join(", ")}: pods have no such limits and figures`,
      remedy: undelegated
        ? `Delegate them: echo "${missing.map((name) => `+${name}`).join(" ")}" > ${root}/cgroup.subtree_control`
        : `Start the kernel with ${missing.map((name) => `cgroup_enable=${name}`).join(" ")}, or mount what is missing`,
      details,
    };
  },
};

/** `v2`: one tree; `v1`: one for each controller; `hybrid`: v1 with a v2 tree for systemd's own use. */
function hierarchy(sys: HostSys): { readonly mode: "v1" | "v2" | "hybrid"; readonly controllers: readonly string[] } {
  if (cgroupMode(sys) === "unified") return { mode: "v2", controllers: listOf(sys, "cgroup.subtree_control") };
  const controllers = sys
    .readDir(root)
    .filter(({ kind }) => kind === "directory" || kind === "symlink")
    .flatMap(({ name }) => name.split(","));
  const hybrid = sys.exists(`${root}/unified/cgroup.controllers`);
  return {
    mode: hybrid ? "hybrid" : "v1",
    controllers: controllers.filter((name) => name !== "unified" && name !== "systemd"),
  };
}

function listOf(sys: HostSys, file: string): string[] {
  try {
    return sys
      .readText(`${root}/${file}`)
      .split(/\s+/)
      .filter((name) => name !== "");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

function isReadOnly(sys: HostSys): boolean {
  const mounts = [...sys.readText("/proc/self/mounts").matchAll(/^\S+ (\S+) \S+ (\S+)/gm)];
  const flags = mounts.filter(([, target]) => target === root || target?.startsWith(`${root}/`)).at(-1)?.[2] ?? "";
  return flags.split(",").includes("ro");
}
