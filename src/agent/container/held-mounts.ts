import { isErrno, SysError } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";

/**
 * Keeps a container's mounts from ending with its last process. The kernel would take them down in the middle of that
 * process's exit, when the host may not have answered yet that the process's files are closed, and each answer that is
 * under way holds an inode: generic_shutdown_super finds "Busy inodes after unmount of virtiofs", which is a BUG in
 * Debian's kernels (CONFIG_BUG_ON_DATA_CORRUPTION). The exit stops half-way then, and nobody ever learns of it. Each
 * mount of the host below the share is a file system of its own in the guest, so this concerns every container.
 */
export class HeldMounts {
  private readonly sys: Sys;
  private readonly shareDirs: readonly string[];
  private namespace: number | undefined;

  /** Holds the mount namespace of a process. `shareDirs` lie in file systems of the host that outlive the container. */
  constructor(sys: Sys, pid: number, shareDirs: readonly string[]) {
    this.sys = sys;
    this.shareDirs = shareDirs;
    try {
      this.namespace = sys.open(`/proc/${pid}/ns/mnt`);
    } catch (error) {
      // It has ended already.
      if (!isErrno(error, "ENOENT", "ESRCH")) throw error;
    }
  }

  /** Lets them go. To be called when no process is left in the container. */
  release(): void {
    if (this.namespace === undefined) return;
    try {
      for (const directory of this.shareDirs) this.settle(directory);
    } finally {
      this.sys.close(this.namespace);
      this.namespace = undefined;
    }
  }

  /** The host answers in the order it was asked: with the answer to this, whatever it is, all earlier ones are there. */
  private settle(directory: string): void {
    try {
      this.sys.statFs(directory);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
    }
  }
}
