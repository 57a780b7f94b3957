import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { type FileStat, type FilesPort, type OpenOptions, WOULD_BLOCK } from "../port/files.ts";
import type { Descriptors, OpenFile } from "./descriptors.ts";
import { fakeError } from "./errors.ts";
import type { FakeNode, FakeTree, Located } from "./tree.ts";

const umask = 0o022;

/** FilesPort over a tree in memory. */
export function fakeFiles(tree: FakeTree, descriptors: Descriptors, now: () => number): FilesPort {
  const openLocated = (syscall: string, located: Located, options: OpenOptions): number => {
    let { node } = located;
    const subject = located.path;
    if (node !== undefined && options.create && options.exclusive) throw fakeError(syscall, "EEXIST", subject);
    if (node === undefined) {
      if (!options.create) throw fakeError(syscall, "ENOENT", subject);
      node = tree.make("file", (options.mode ?? 0o644) & ~umask);
      located.parent.entries.set(located.name, node);
    }
    if (node.kind === "symlink" && !options.pathOnly) throw fakeError(syscall, "ELOOP", subject);
    if (options.directory && node.kind !== "directory") throw fakeError(syscall, "ENOTDIR", subject);
    if (options.write && node.kind === "directory") throw fakeError(syscall, "EISDIR", subject);
    if (node.kind === "socket") throw fakeError(syscall, "ENXIO", subject);
    if (options.truncate) node.content = new Uint8Array(0);
    if (node.channel !== undefined) {
      const input = options.write && !options.read ? undefined : node.channel;
      const output = options.write ? node.channel : undefined;
      if (output !== undefined) output.ended = false;
      if (input !== undefined) input.broken = false;
      return descriptors.add({ kind: "stream", input, output, socket: false, connectError: undefined });
    }
    const writable = options.write ?? false;
    return descriptors.add({ kind: "node", node, offset: 0, append: options.append ?? false, writable });
  };
  const readAt = (node: FakeNode, into: Uint8Array, position: number): number => {
    const part = node.content.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  };
  const writeAt = (node: FakeNode, bytes: Uint8Array, position: number): number => {
    if (position + bytes.length > node.content.length) {
      const larger = new Uint8Array(position + bytes.length);
      larger.set(node.content);
      node.content = larger;
    }
    node.content.set(bytes, position);
    node.modifiedMs = now();
    return bytes.length;
  };
  const readOpen = (file: OpenFile, into: Uint8Array): number => {
    if (file.kind === "node") {
      if (file.node.kind === "directory") throw fakeError("read", "EISDIR");
      const count = readAt(file.node, into, file.offset);
      file.offset += count;
      return count;
    }
    if (file.kind !== "stream" || file.input === undefined) throw fakeError("read", "EBADF");
    return file.input.read(into);
  };
  const writeOpen = (file: OpenFile, bytes: Uint8Array): number => {
    if (file.kind === "node") {
      if (!file.writable) throw fakeError("write", "EBADF");
      if (file.append) file.offset = file.node.content.length;
      const count = writeAt(file.node, bytes, file.offset);
      file.offset += count;
      return count;
    }
    if (file.kind !== "stream" || file.output === undefined) throw fakeError("write", "EBADF");
    if (file.output.broken) throw fakeError("write", "EPIPE");
    return file.output.write(bytes);
  };
  const statOf = (node: FakeNode): FileStat => ({
    kind: node.kind,
    mode: node.mode,
    size: node.kind === "symlink" ? node.target.length : node.content.length,
    uid: node.uid,
    gid: node.gid,
    nlink: node.nlink,
    inode: node.inode,
    device: { major: 0, minor: 1 },
    represents: node.represents,
    modifiedMs: node.modifiedMs,
  });
  const listing = (node: FakeNode, subject: string) => {
    if (node.kind !== "directory") throw fakeError("readdir", "ENOTDIR", subject);
    const names = [...node.entries.keys()].sort();
    return names.map((name) => ({ name, kind: node.entries.get(name)?.kind ?? "unknown" }) as const);
  };
  const addNode = (syscall: string, located: Located, node: FakeNode) => {
    if (located.node !== undefined) throw fakeError(syscall, "EEXIST", located.path);
    located.parent.entries.set(located.name, node);
  };
  const removeNode = (syscall: string, located: Located, directory: boolean) => {
    const { node } = located;
    if (node === undefined) throw fakeError(syscall, "ENOENT", located.path);
    if (directory && node.kind !== "directory") throw fakeError(syscall, "ENOTDIR", located.path);
    if (!directory && node.kind === "directory") throw fakeError(syscall, "EISDIR", located.path);
    if (directory && node.entries.size > 0) throw fakeError(syscall, "ENOTEMPTY", located.path);
    located.parent.entries.delete(located.name);
    node.nlink--;
  };
  const moveNode = (syscall: string, from: Located, to: Located) => {
    const { node } = from;
    if (node === undefined) throw fakeError(syscall, "ENOENT", from.path);
    if (to.node !== undefined) {
      const emptyTarget = to.node.kind !== "directory" || to.node.entries.size === 0;
      if (node.kind === "directory" && to.node.kind !== "directory") throw fakeError(syscall, "ENOTDIR", to.path);
      if (node.kind !== "directory" && to.node.kind === "directory") throw fakeError(syscall, "EISDIR", to.path);
      if (!emptyTarget) throw fakeError(syscall, "ENOTEMPTY", to.path);
    }
    from.parent.entries.delete(from.name);
    to.parent.entries.set(to.name, node);
  };
  const at = (syscall: string, dirFd: number, name: string): Located => {
    const { node } = descriptors.node(syscall, dirFd);
    return { parent: node, name, node: node.entries.get(name), path: name };
  };
  const slice = (buffer: Uint8Array, offset = 0, length = buffer.length - offset) =>
    buffer.subarray(offset, offset + length);

  const files: FilesPort = {
    open: (path, options = {}) => openLocated("open", tree.locate("open", path, !options.noFollow), options),
    openBeneath(dirFd, path, options = {}) {
      const start = descriptors.node("openat2", dirFd).node;
      return openLocated("openat2", tree.beneath("openat2", start, path), options);
    },
    close: (fd) => descriptors.close(fd),
    read: (fd, buffer, offset, length) => readOpen(descriptors.get("read", fd), slice(buffer, offset, length)),
    write: (fd, buffer, offset, length) => writeOpen(descriptors.get("write", fd), slice(buffer, offset, length)),
    writeMany: (fd, chunks, skip = 0) => writeOpen(descriptors.get("writev", fd), concatBytes(chunks).subarray(skip)),
    pread: (fd, buffer, position) => readAt(descriptors.node("pread", fd).node, buffer, position),
    pwrite: (fd, buffer, position) => writeAt(descriptors.node("pwrite", fd).node, buffer, position),
    splice(from, to, length) {
      const buffer = new Uint8Array(Math.min(length, 64 * 1024));
      const target = descriptors.get("splice", to);
      if (target.kind === "stream" && target.output !== undefined) {
        const room = target.output.capacity - target.output.length;
        if (room <= 0) return WOULD_BLOCK;
        const count = readOpen(descriptors.get("splice", from), buffer.subarray(0, room));
        return count <= 0 ? count : writeOpen(target, buffer.subarray(0, count));
      }
      const count = readOpen(descriptors.get("splice", from), buffer);
      return count <= 0 ? count : writeOpen(target, buffer.subarray(0, count));
    },
    readable(fd) {
      const file = descriptors.get("ioctl", fd);
      return file.kind === "stream" ? (file.input?.length ?? 0) : 0;
    },
    readFile(path, maxBytes = 16 * 1024 * 1024) {
      const node = tree.get("open", path);
      if (node.kind === "directory") throw fakeError("read", "EISDIR", path);
      if (node.content.length > maxBytes) {
        throw new KataError("resource-exhausted", `File ${path} is larger than ${maxBytes} bytes`);
      }
      return node.content.slice();
    },
    readText: (path, maxBytes) => utf8Decode(files.readFile(path, maxBytes)),
    writeFile(path, content, mode = 0o644) {
      const fd = files.open(path, { write: true, create: true, truncate: true, mode });
      files.write(fd, typeof content === "string" ? utf8Encode(content) : content);
      files.close(fd);
    },
    writeFileAtomic(path, content, mode = 0o644) {
      const { parent, name } = tree.locate("open", path, true);
      const node = tree.make("file", mode & ~umask);
      node.content = typeof content === "string" ? utf8Encode(content) : content.slice();
      parent.entries.set(name, node);
    },
    stat: (path) => statOf(tree.get("stat", path)),
    lstat: (path) => statOf(tree.get("lstat", path, false)),
    fstat(fd) {
      const file = descriptors.get("fstat", fd);
      if (file.kind === "node") return statOf(file.node);
      const kind = file.kind === "stream" && !file.socket ? "fifo" : file.kind === "other" ? "unknown" : "socket";
      return statOf(tree.make(kind, 0o600));
    },
    exists(path) {
      try {
        return tree.locate("stat", path, true).node !== undefined;
      } catch {
        // ENOENT and ENOTDIR on the way are a no.
        return false;
      }
    },
    readDir: (path) => listing(tree.get("readdir", path), path),
    readDirAt: (dirFd) => listing(descriptors.node("readdir", dirFd).node, `descriptor ${dirFd}`),
    mkdir: (path, mode = 0o755) =>
      addNode("mkdir", tree.locate("mkdir", path, false), tree.make("directory", mode & ~umask)),
    mkdirAll(path, mode = 0o755) {
      const parts = path.split("/");
      for (let i = 1; i <= parts.length; i++) {
        const prefix = parts.slice(0, i).join("/");
        if (prefix === "" || prefix === ".") continue;
        if (!files.exists(prefix)) files.mkdir(prefix, mode);
        else if (tree.get("mkdir", prefix).kind !== "directory") throw fakeError("mkdir", "EEXIST", prefix);
      }
    },
    rmdir: (path) => removeNode("rmdir", tree.locate("rmdir", path, false), true),
    unlink: (path) => removeNode("unlink", tree.locate("unlink", path, false), false),
    removeTree(path) {
      if (!files.exists(path) && !isLink(tree, path)) return;
      const { parent, name } = tree.locate("remove", path, false);
      parent.entries.delete(name);
    },
    rename: (from, to) => moveNode("rename", tree.locate("rename", from, false), tree.locate("rename", to, false)),
    symlink: (target, path) =>
      addNode("symlink", tree.locate("symlink", path, false), tree.make("symlink", 0o777, { target })),
    link(existing, path) {
      const node = tree.get("link", existing, false);
      addNode("link", tree.locate("link", path, false), node);
      node.nlink++;
    },
    readLink(path) {
      const node = tree.get("readlink", path, false);
      if (node.kind !== "symlink") throw fakeError("readlink", "EINVAL", path);
      return node.target;
    },
    realPath(path) {
      const located = tree.locate("realpath", path, true);
      if (located.node === undefined) throw fakeError("realpath", "ENOENT", path);
      return located.path;
    },
    chmod(path, mode) {
      tree.get("chmod", path).mode = mode;
    },
    chown(path, uid, gid) {
      Object.assign(tree.get("lchown", path, false), { uid, gid });
    },
    mkfifo: (path, mode) => addNode("mkfifo", tree.locate("mkfifo", path, false), tree.make("fifo", mode & ~umask)),
    mknod: (path, kind, mode, device) =>
      addNode("mknod", tree.locate("mknod", path, false), tree.make(kind, mode & ~umask, { represents: device })),
    truncate(fd, size) {
      const { node } = descriptors.node("ftruncate", fd);
      const content = new Uint8Array(size);
      content.set(node.content.subarray(0, size));
      node.content = content;
    },
    fsync: (fd) => void descriptors.get("fsync", fd),
    fchmod(fd, mode) {
      descriptors.node("fchmod", fd).node.mode = mode;
    },
    fchown(fd, uid, gid) {
      Object.assign(descriptors.node("fchown", fd).node, { uid, gid });
    },
    mkdirAt(dirFd, name, mode) {
      const located = at("mkdirat", dirFd, name);
      if (located.node !== undefined) return false;
      addNode("mkdirat", located, tree.make("directory", mode & ~umask));
      return true;
    },
    unlinkAt: (dirFd, name, directory = false) => removeNode("unlinkat", at("unlinkat", dirFd, name), directory),
    renameAt: (fromDir, from, toDir, to) =>
      moveNode("renameat", at("renameat", fromDir, from), at("renameat", toDir, to)),
    symlinkAt: (target, dirFd, name) =>
      addNode("symlinkat", at("symlinkat", dirFd, name), tree.make("symlink", 0o777, { target })),
    lock: (fd) => descriptors.get("flock", fd) !== undefined,
    statFs(path) {
      tree.get("statfs", path);
      const free = 1n << 20n;
      return {
        type: 0x01021994,
        blockSize: 4096,
        blocks: free,
        freeBlocks: free,
        availableBlocks: free,
        files: free,
        freeFiles: free,
      };
    },
  };
  return files;
}

function isLink(tree: FakeTree, path: string): boolean {
  try {
    return tree.locate("lstat", path, false).node?.kind === "symlink";
  } catch {
    // A missing parent: nothing to remove.
    return false;
  }
}
