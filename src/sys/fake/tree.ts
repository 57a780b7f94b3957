import type { DeviceNumber, FileKind } from "../port/files.ts";
import { ByteChannel } from "./channel.ts";
import { fakeError } from "./errors.ts";

/** A file, directory, link or other thing of the fake file system. */
export interface FakeNode {
  readonly kind: FileKind;
  readonly inode: bigint;
  mode: number;
  uid: number;
  gid: number;
  modifiedMs: number;
  /** Of files. */
  content: Uint8Array;
  /** Of directories. */
  readonly entries: Map<string, FakeNode>;
  /** Of links. */
  readonly target: string;
  /** Of devices. */
  readonly represents: DeviceNumber;
  /** Of FIFOs. */
  readonly channel: ByteChannel | undefined;
  nlink: number;
}

/** Where a path leads: the directory that holds the last name, the name, and the node if there is one. */
export interface Located {
  readonly parent: FakeNode;
  readonly name: string;
  readonly node: FakeNode | undefined;
  readonly path: string;
}

const mostLinks = 40;

/** An in-memory tree with the kernel's path walk: links, `.`, `..`, and its errors. */
export class FakeTree {
  readonly root: FakeNode;
  cwd = "/";
  private readonly now: () => number;
  private inodes = 1n;

  constructor(now: () => number) {
    this.now = now;
    this.root = this.make("directory", 0o755);
  }

  make(kind: FileKind, mode: number, extra: { target?: string; represents?: DeviceNumber } = {}): FakeNode {
    return {
      kind,
      inode: this.inodes++,
      mode,
      uid: 0,
      gid: 0,
      modifiedMs: this.now(),
      content: new Uint8Array(0),
      entries: new Map(),
      target: extra.target ?? "",
      represents: extra.represents ?? { major: 0, minor: 0 },
      channel: kind === "fifo" ? new ByteChannel() : undefined,
      nlink: kind === "directory" ? 2 : 1,
    };
  }

  /** Walks to the last component; `follow` says whether a link there is followed. Throws ENOENT, ENOTDIR, ELOOP. */
  locate(syscall: string, path: string, follow: boolean): Located {
    return this.walk(syscall, path, follow, 0);
  }

  /** The node at `path`. Throws ENOENT when there is none. */
  get(syscall: string, path: string, follow = true): FakeNode {
    const { node } = this.locate(syscall, path, follow);
    if (node === undefined) throw fakeError(syscall, "ENOENT", path);
    return node;
  }

  /** Walks below `start`; no component may be a link or lead out (openat2(2) with RESOLVE_BENEATH and NO_SYMLINKS). */
  beneath(syscall: string, start: FakeNode, path: string): Located {
    if (path.startsWith("/")) throw fakeError(syscall, "EXDEV", path);
    const stack: FakeNode[] = [start];
    let name = ".";
    let parent = start;
    let node: FakeNode | undefined = start;
    for (const part of path.split("/").filter((part) => part !== "" && part !== ".")) {
      if (node === undefined) throw fakeError(syscall, "ENOENT", path);
      if (node.kind !== "directory") throw fakeError(syscall, "ENOTDIR", path);
      if (part === "..") {
        stack.pop();
        node = stack[stack.length - 1];
        if (node === undefined) throw fakeError(syscall, "EXDEV", path);
        continue;
      }
      parent = node;
      name = part;
      node = parent.entries.get(part);
      if (node?.kind === "symlink") throw fakeError(syscall, "ELOOP", path);
      if (node !== undefined) stack.push(node);
    }
    return { parent, name, node, path };
  }

  private walk(syscall: string, path: string, follow: boolean, links: number): Located {
    if (path === "") throw fakeError(syscall, "ENOENT", path);
    if (path.includes("\0")) throw fakeError(syscall, "EINVAL", path);
    const absolute = path.startsWith("/") ? path : `${this.cwd}/${path}`;
    const parts = absolute.split("/").filter((part) => part !== "" && part !== ".");
    const stack: { name: string; node: FakeNode }[] = [{ name: "", node: this.root }];
    for (const [i, part] of parts.entries()) {
      const parent = stack[stack.length - 1]?.node ?? this.root;
      if (parent.kind !== "directory") throw fakeError(syscall, "ENOTDIR", path);
      if (part === "..") {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const node = parent.entries.get(part);
      const last = i === parts.length - 1;
      if (node?.kind === "symlink" && (!last || follow)) {
        if (links >= mostLinks) throw fakeError(syscall, "ELOOP", path);
        const here = stack.map((step) => step.name).join("/");
        const target = node.target.startsWith("/") ? node.target : `${here}/${node.target}`;
        return this.walk(syscall, [target, ...parts.slice(i + 1)].join("/"), follow, links + 1);
      }
      if (last) return { parent, name: part, node, path: `${stack.map((step) => step.name).join("/")}/${part}` };
      if (node === undefined) throw fakeError(syscall, "ENOENT", path);
      stack.push({ name: part, node });
    }
    const top = stack[stack.length - 1];
    const above = stack[stack.length - 2]?.node ?? this.root;
    const where = stack.map((step) => step.name).join("/");
    return { parent: above, name: top?.name ?? "", node: top?.node ?? this.root, path: where === "" ? "/" : where };
  }
}
