import { KataError } from "../../base/error.ts";
import type { Sys } from "../../sys/sys.ts";
import { isWithin } from "../container/rules.ts";
import type { GuestTree } from "./guest-tree.ts";

/** What to mount where; paths are normal and below /run/kata-containers, options are checked. */
export interface MountPlan {
  readonly fstype: string | undefined;
  readonly source: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  /** The mount point is a regular file (a bind mount of one). */
  readonly file?: boolean;
  /** Permissions of directories that have to be created. */
  readonly directoryMode?: number;
}

/** Mounts in the guest's tree so that no link on the way can redirect them. */
export class Mounter {
  private readonly sys: Sys;
  private readonly tree: GuestTree;

  constructor(sys: Sys, tree: GuestTree) {
    this.sys = sys;
    this.tree = tree;
  }

  mount(plan: MountPlan): void {
    if (plan.file === true) this.tree.ensureFile(plan.mountPoint);
    const fd = plan.file === true ? this.open(plan) : this.tree.ensureDirectory(plan.mountPoint, plan.directoryMode);
    const bind = plan.options.filter((option) => option === "bind" || option === "rbind");
    const flags = plan.options.filter((option) => option !== "bind" && option !== "rbind");
    try {
      this.mountOn(fd, plan, bind.length > 0 ? bind : flags);
    } finally {
      this.sys.close(fd);
    }
    if (bind.length > 0 && flags.length > 0) this.remountBind(plan, flags);
  }

  /** A bind mount takes its flags in a second step, which needs a handle of the new mount: the first one is below it. */
  private remountBind(plan: MountPlan, flags: readonly string[]): void {
    const fd = this.open(plan);
    try {
      this.mountOn(fd, plan, ["remount", "bind", ...flags]);
    } catch (error) {
      // Without its flags the mount would lack the protection that was asked for.
      this.unmount(plan.mountPoint);
      throw error;
    } finally {
      this.sys.close(fd);
    }
  }

  private mountOn(fd: number, { fstype, source, mountPoint }: MountPlan, options: readonly string[]): void {
    try {
      // The descriptor's own name: the kernel mounts on what was opened and looks nothing up again.
      const target = `/proc/self/fd/${fd}`;
      this.sys.mount({ ...(fstype === undefined ? {} : { type: fstype }), source, target, options });
    } catch (error) {
      throw KataError.wrap(error, `Cannot mount ${fstype ?? "bind"} ${source} on ${mountPoint}`, { field: "storages" });
    }
  }

  /** Unmounts; a busy mount disappears from the tree at once and is freed when its last user is gone. */
  unmount(mountPoint: string): void {
    if (!this.tree.has(mountPoint)) return;
    this.sys.unmount(mountPoint, { detach: true });
  }

  /** Whether something is mounted exactly there. */
  isMountPoint(path: string): boolean {
    return mountPoints(this.sys.readText("/proc/self/mountinfo")).includes(path);
  }

  /** Mount points at or below `dir`, deepest last mounted first: the order to unmount in. */
  mountsBelow(dir: string): string[] {
    return mountPoints(this.sys.readText("/proc/self/mountinfo"))
      .filter((path) => isWithin(path, dir))
      .reverse();
  }

  private open({ mountPoint }: MountPlan): number {
    const slash = mountPoint.lastIndexOf("/");
    const parent = this.tree.openDirectory(mountPoint.slice(0, slash));
    try {
      return this.sys.openBeneath(parent, mountPoint.slice(slash + 1), { pathOnly: true, noFollow: true });
    } finally {
      this.sys.close(parent);
    }
  }
}

/** The mount points of /proc/PID/mountinfo in mount order (proc(5): field 5, octal escapes). */
export function mountPoints(mountInfo: string): string[] {
  const points: string[] = [];
  for (const line of mountInfo.split("\n")) {
    const point = line.split(" ", 5)[4];
    if (point !== undefined) points.push(point.includes("\\") ? unescapeOctal(point) : point);
  }
  return points;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_match, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}
