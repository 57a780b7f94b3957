import { isErrno } from "../../sys/error.ts";
import type { MountRequest } from "../../sys/port/mounts.ts";
import type { Sys } from "../../sys/sys.ts";

/** What the agent itself needs to find its channels. */
const channelMounts: readonly MountRequest[] = [
  { type: "proc", source: "proc", target: "/proc", options: ["nosuid", "nodev", "noexec"] },
  { type: "sysfs", source: "sysfs", target: "/sys", options: ["nosuid", "nodev", "noexec"] },
  { type: "devtmpfs", source: "dev", target: "/dev", options: ["nosuid", "mode=0755"] },
];

/** What containers need besides. */
const containerMounts: readonly MountRequest[] = [
  { type: "devpts", source: "devpts", target: "/dev/pts", options: ["nosuid", "noexec", "mode=0620", "ptmxmode=0666"] },
  { type: "tmpfs", source: "shm", target: "/dev/shm", options: ["nosuid", "nodev", "mode=1777"] },
  { type: "tmpfs", source: "run", target: "/run", options: ["nosuid", "nodev", "mode=0755"] },
  { type: "cgroup2", source: "cgroup2", target: "/sys/fs/cgroup", options: ["nosuid", "nodev", "noexec"] },
];

/** Links that programs expect in /dev and that devtmpfs does not make. */
const deviceLinks: readonly (readonly [target: string, path: string])[] = [
  ["/proc/self/fd", "/dev/fd"],
  ["/proc/self/fd/0", "/dev/stdin"],
  ["/proc/self/fd/1", "/dev/stdout"],
  ["/proc/self/fd/2", "/dev/stderr"],
];

/** Mounts what has to be there before anything else. */
export function mountForChannels(sys: Sys): void {
  mountAll(sys, channelMounts);
}

/** Mounts the rest and completes /dev. */
export function mountForContainers(sys: Sys): void {
  mountAll(sys, containerMounts);
  for (const [target, path] of deviceLinks) if (!sys.exists(path)) sys.symlink(target, path);
}

/** What is mounted already (the kernel mounts devtmpfs for disk images) stays. */
function mountAll(sys: Sys, mounts: readonly MountRequest[]): void {
  for (const mount of mounts) {
    if (!sys.exists(mount.target)) sys.mkdirAll(mount.target);
    try {
      sys.mount(mount);
    } catch (error) {
      if (!isErrno(error, "EBUSY")) throw error;
    }
  }
}

/**
 * Leaves the initramfs: its root cannot be the old root of pivot_root(2), which crun needs. The whole tree is bound to
 * /newroot, moved over / and entered; files and mounts stay where they were. Does nothing on a real root.
 */
export function leaveInitramfs(sys: Sys): void {
  if (!/^\S+ \S+ \S+ \S+ \/ .* - rootfs /m.test(sys.readText("/proc/self/mountinfo"))) return;
  sys.mkdirAll("/newroot");
  sys.mount({ source: "/", target: "/newroot", options: ["rbind"] });
  sys.chdir("/newroot");
  sys.mount({ source: "/newroot", target: "/", options: ["move"] });
  sys.chroot(".");
  sys.chdir("/");
}
