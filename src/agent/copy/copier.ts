import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { GuestTree } from "../storage/guest-tree.ts";
import { type CopyPlan, SHARE_DIR } from "./plan.ts";

/** Carries out copies below the share directory, through directory descriptors: links on the way are refused, not followed. */
export class Copier {
  private readonly sys: FilesPort;
  private readonly root: string;

  constructor(sys: FilesPort, root: string = SHARE_DIR) {
    this.sys = sys;
    this.root = root;
  }

  copy(plan: CopyPlan): void {
    this.sys.mkdirAll(this.root);
    const tree = new GuestTree(this.sys, this.root);
    const slash = plan.path.lastIndexOf("/");
    const name = plan.path.slice(slash + 1);
    const parent = this.openParent(tree, plan, plan.path.slice(0, slash));
    try {
      if (plan.kind === "directory") this.directory(parent, name, plan);
      else if (plan.kind === "symlink") this.symlink(parent, name, plan.target);
      else this.file(parent, name, plan);
    } finally {
      this.sys.close(parent);
    }
  }

  private openParent(tree: GuestTree, plan: CopyPlan, path: string): number {
    try {
      return tree.ensureDirectory(path, plan.dirMode);
    } catch (error) {
      if (!isErrno(error, "ELOOP", "ENOTDIR")) throw error;
      throw new KataError("invalid-argument", `A directory of ${plan.path} is a symbolic link or a file`, {
        field: "path",
        cause: error,
      });
    }
  }

  private directory(parent: number, name: string, plan: CopyPlan & { readonly kind: "directory" }): void {
    this.sys.mkdirAt(parent, name, plan.mode);
    const fd = this.sys.openBeneath(parent, name, { directory: true, noFollow: true });
    this.finish(fd, plan);
  }

  /** The link takes the name's place in one step: readers see the old one or the new one. */
  private symlink(parent: number, name: string, target: string): void {
    const temporary = `${name}.tmp`;
    this.removeIfThere(parent, temporary);
    this.sys.symlinkAt(target, parent, temporary);
    this.sys.renameAt(parent, temporary, parent, name);
  }

  private file(parent: number, name: string, plan: CopyPlan & { readonly kind: "file" }): void {
    const temporary = `${name}.tmp`;
    const first = plan.offset === 0;
    if (first) this.removeIfThere(parent, temporary);
    const fd = this.sys.openBeneath(
      parent,
      temporary,
      first ? { write: true, create: true, exclusive: true, mode: 0o600 } : { write: true },
    );
    try {
      const { kind, size } = this.sys.fstat(fd);
      if (kind !== "file" || plan.offset > size) {
        throw new KataError(
          "out-of-range",
          `offset ${plan.offset} of ${plan.path} lies past the ${size} bytes received so far`,
          { field: "offset" },
        );
      }
      this.writeAll(fd, plan.data, plan.offset);
    } catch (error) {
      this.sys.close(fd);
      throw error;
    }
    if (!plan.complete) {
      this.sys.close(fd);
      return;
    }
    this.finish(fd, plan);
    this.sys.renameAt(parent, temporary, parent, name);
  }

  private writeAll(fd: number, data: Uint8Array, offset: number): void {
    for (let written = 0; written < data.length; ) {
      written += this.sys.pwrite(fd, written === 0 ? data : data.subarray(written), offset + written);
    }
  }

  /** Owner first: changing it clears bits of the mode. Closes the descriptor. */
  private finish(fd: number, plan: CopyPlan & { readonly mode: number }): void {
    try {
      if (plan.uid >= 0 || plan.gid >= 0) this.sys.fchown(fd, plan.uid, plan.gid);
      this.sys.fchmod(fd, plan.mode);
    } finally {
      this.sys.close(fd);
    }
  }

  private removeIfThere(parent: number, name: string): void {
    try {
      this.sys.unlinkAt(parent, name);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
}
