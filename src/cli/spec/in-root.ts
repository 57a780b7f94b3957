import { utf8Decode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { FileStat, FilesPort } from "../../sys/port/files.ts";

const maxLinks = 40;

/** Where a path of the container leads to. */
export interface FoundInRoot {
  /** Below the root, without links, without a leading slash; empty for the root itself. */
  readonly path: string;
  /** Undefined when nothing is there. */
  readonly stat: FileStat | undefined;
}

/**
 * Follows a path as a process whose root is `root` would: absolute links begin at the root again, and `..` never leaves
 * it. Components that do not exist are taken literally. The tree must not change meanwhile: use it on unpacked images,
 * never on what a guest can write. Throws `invalid-argument` for more than 40 links.
 */
export function findInRoot(sys: FilesPort, root: string, path: string): FoundInRoot {
  const todo = path.split("/").reverse();
  const done: string[] = [];
  let links = 0;
  let stat: FileStat | undefined = sys.lstat(root);
  while (todo.length > 0) {
    const part = todo.pop() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      stat = lstat(sys, hostPath(root, done));
      continue;
    }
    const here = hostPath(root, [...done, part]);
    stat = lstat(sys, here);
    if (stat?.kind !== "symlink") {
      done.push(part);
      continue;
    }
    links++;
    if (links > maxLinks)
      throw new KataError("invalid-argument", `Path ${path} of the image leads through too many links`);
    const target = sys.readLink(here);
    if (target.startsWith("/")) done.length = 0;
    todo.push(...target.split("/").reverse());
  }
  return { path: done.join("/"), stat };
}

/**
 * The text of a file below `root`, empty when there is none. No link is followed by the kernel. Throws
 * `resource-exhausted` above `maxBytes`.
 */
export function readInRoot(sys: FilesPort, root: string, path: string, maxBytes: number): string {
  const found = findInRoot(sys, root, path);
  if (found.stat?.kind !== "file") return "";
  if (found.stat.size > maxBytes) {
    throw new KataError("resource-exhausted", `File /${found.path} of the image is larger than ${maxBytes} bytes`);
  }
  const rootFd = sys.open(root, { directory: true });
  try {
    // The path has no links any more; should one have appeared, the kernel refuses it.
    const fd = sys.openBeneath(rootFd, found.path);
    try {
      const content = new Uint8Array(sys.fstat(fd).size);
      return utf8Decode(content.subarray(0, sys.pread(fd, content, 0)));
    } finally {
      sys.close(fd);
    }
  } finally {
    sys.close(rootFd);
  }
}

function hostPath(root: string, parts: readonly string[]): string {
  return parts.length === 0 ? root : `${root}/${parts.join("/")}`;
}

function lstat(sys: FilesPort, path: string): FileStat | undefined {
  try {
    return sys.lstat(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
