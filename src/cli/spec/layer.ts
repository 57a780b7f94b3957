import type { FileStat, FilesPort } from "../../sys/port/files.ts";
import { findInRoot } from "./in-root.ts";

/** Owner and mode of a directory that the image does not have. */
const plainDirectory = { mode: 0o755, uid: 0, gid: 0 };

/**
 * A container's writable layer before its first start: the upper directory of the overlay over `lower`. What is put
 * here appears in the container without a mount. Nothing is ever written to `lower`.
 */
export class WritableLayer {
  private readonly sys: FilesPort;
  private readonly lower: string;
  private readonly upper: string;

  constructor(deps: { readonly sys: FilesPort }, options: { readonly lower: string; readonly upper: string }) {
    this.sys = deps.sys;
    this.lower = options.lower;
    this.upper = options.upper;
  }

  /** Makes the layer; its root looks like the lower one's. */
  create(): void {
    const { mode, uid, gid } = this.sys.stat(this.lower);
    this.makeDirectory(this.upper, { mode, uid, gid });
  }

  /**
   * Makes a directory, and those above it, unless the image has them: links are followed inside the image. Returns the
   * directory's path in the container. New ones belong to `owner`.
   */
  directory(path: string, owner: { readonly uid: number; readonly gid: number } = plainDirectory): string {
    const found = findInRoot(this.sys, this.lower, path);
    if (found.stat === undefined) this.copyUp(found.path, { ...plainDirectory, ...owner });
    return `/${found.path}`;
  }

  /** Puts a file into a directory of the container, in place of whatever the image has there. */
  file(directory: string, name: string, content: string): void {
    const found = findInRoot(this.sys, this.lower, directory);
    this.copyUp(found.path, plainDirectory);
    const path = `${this.upper}/${found.path}/${name}`;
    this.sys.writeFile(path, content, 0o644);
    this.sys.chmod(path, 0o644);
  }

  /** Makes the directories of `path` in the upper layer with the owner and mode that the lower ones have. */
  private copyUp(path: string, missing: Pick<FileStat, "mode" | "uid" | "gid">): void {
    let relative = "";
    for (const part of path.split("/").filter((name) => name !== "")) {
      relative += `/${part}`;
      if (this.sys.exists(this.upper + relative)) continue;
      const lower = this.lower + relative;
      this.makeDirectory(this.upper + relative, this.sys.exists(lower) ? this.sys.lstat(lower) : missing);
    }
  }

  /** The umask must not matter, so the mode is set afterwards. */
  private makeDirectory(path: string, { mode, uid, gid }: Pick<FileStat, "mode" | "uid" | "gid">): void {
    this.sys.mkdir(path, 0o700);
    this.sys.chown(path, uid, gid);
    this.sys.chmod(path, mode);
  }
}
