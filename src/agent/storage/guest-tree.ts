import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { isWithin, KATA_DIR, requireKataPath } from "../container/rules.ts";

/**
 * Directories below /run/kata-containers, reached component by component through descriptors: no symbolic link is
 * followed, whoever put it there, and nothing outside is touched. Paths given to it must be normal.
 */
export class GuestTree {
  private readonly sys: FilesPort;
  private readonly root: string;

  constructor(sys: FilesPort, root: string = KATA_DIR) {
    this.sys = sys;
    this.root = root;
  }

  /** Opens directory `path`, creating what is missing with `mode`. The caller closes the descriptor. */
  ensureDirectory(path: string, mode = 0o755): number {
    return this.walk(this.relative(path), (parent, name) => this.sys.mkdirAt(parent, name, mode));
  }

  /** Opens an existing directory; SysError when it is missing, not a directory or behind a link. */
  openDirectory(path: string): number {
    return this.walk(this.relative(path));
  }

  /** Creates the parent directories and an empty regular file, the mount point for a file. */
  ensureFile(path: string): void {
    const slash = path.lastIndexOf("/");
    const parent = this.ensureDirectory(path.slice(0, slash));
    try {
      this.sys.close(
        this.sys.openBeneath(parent, path.slice(slash + 1), { write: true, create: true, noFollow: true }),
      );
    } finally {
      this.sys.close(parent);
    }
  }

  /** Whether `path` is there and reached without links. */
  has(path: string): boolean {
    const root = this.sys.open(this.root, { directory: true });
    try {
      this.sys.close(this.sys.openBeneath(root, this.relative(path).join("/") || ".", { pathOnly: true }));
      return true;
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "EXDEV")) return false;
      throw error;
    } finally {
      this.sys.close(root);
    }
  }

  private relative(path: string): string[] {
    if (path === this.root) return [];
    if (this.root === KATA_DIR) requireKataPath(path, "path");
    else if (!isWithin(path, this.root)) throw new Error(`${path} is not below ${this.root}`);
    return path.slice(this.root.length + 1).split("/");
  }

  private walk(parts: readonly string[], prepare?: (parent: number, name: string) => void): number {
    let fd = this.sys.open(this.root, { directory: true });
    for (const name of parts) {
      try {
        prepare?.(fd, name);
        const next = this.sys.openBeneath(fd, name, { directory: true, noFollow: true });
        this.sys.close(fd);
        fd = next;
      } catch (error) {
        this.sys.close(fd);
        throw error;
      }
    }
    return fd;
  }
}
