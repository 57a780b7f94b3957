import * as native from "kata:native";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import type { DirEntry, FileKind, FileStat, FilesPort, OpenOptions } from "../port/files.ts";
import { check, checkReady, checkValue, EAGAIN, sysError } from "./check.ts";

// Bits of native/files.c.
const openBits = {
  write: 1,
  read: 2,
  create: 4,
  exclusive: 8,
  truncate: 16,
  append: 32,
  nonBlocking: 64,
  directory: 128,
  pathOnly: 256,
  noFollow: 512,
} as const;

// stat(2)'s type, shifted down; getdents(2) uses the same numbers.
const kinds: Readonly<Record<number, FileKind>> = {
  1: "fifo",
  2: "char",
  4: "directory",
  6: "block",
  8: "file",
  10: "symlink",
  12: "socket",
};

// errno(3)
const ENOENT = 2;
const EEXIST = 17;
const EFBIG = 27;
const defaultLimit = 16 * 1024 * 1024;

function bitsOf(options: OpenOptions): number {
  let bits = 0;
  for (const name in options) {
    if (options[name as keyof OpenOptions] === true) bits |= openBits[name as keyof typeof openBits];
  }
  return bits;
}

function statOf(info: native.NativeStat): FileStat {
  return {
    kind: kinds[info.type] ?? "unknown",
    mode: info.mode,
    size: info.size,
    uid: info.uid,
    gid: info.gid,
    nlink: info.nlink,
    inode: info.inode,
    device: { major: info.deviceMajor, minor: info.deviceMinor },
    represents: { major: info.representsMajor, minor: info.representsMinor },
    modifiedMs: info.modifiedMs,
  };
}

function entriesOf(flat: readonly (string | number)[]): DirEntry[] {
  const entries: DirEntry[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    entries.push({ name: String(flat[i]), kind: kinds[Number(flat[i + 1])] ?? "unknown" });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function parentOf(path: string): string {
  const end = path.replace(/\/+$/, "").lastIndexOf("/");
  return end < 0 ? "." : end === 0 ? "/" : path.slice(0, end);
}

/** The files part of the real Sys. */
export const linuxFiles: FilesPort = {
  open: (path, options = {}) => check("open", native.open(path, bitsOf(options), options.mode ?? 0o644), path),
  openBeneath: (dirFd, path, options = {}) =>
    check("openat2", native.openBeneath(dirFd, path, bitsOf(options), options.mode ?? 0o644), path),
  close(fd) {
    native.close(fd);
  },
  read: (fd, buffer, offset, length) => checkReady("read", native.read(fd, buffer, offset, length)),
  write: (fd, buffer, offset, length) => checkReady("write", native.write(fd, buffer, offset, length)),
  writeMany: (fd, chunks, skip = 0) => checkReady("writev", native.writeMany(fd, chunks, skip)),
  pread: (fd, buffer, position) => checkReady("pread", native.pread(fd, buffer, position)),
  pwrite: (fd, buffer, position) => checkReady("pwrite", native.pwrite(fd, buffer, position)),
  splice: (from, to, length) => checkReady("splice", native.splice(from, to, length)),
  readable: (fd) => check("ioctl FIONREAD", native.readable(fd)),
  readFile(path, maxBytes = defaultLimit) {
    const content = native.readFile(path, maxBytes);
    if (content === -EFBIG) throw new KataError("resource-exhausted", `File ${path} is larger than ${maxBytes} bytes`);
    return checkValue("read", content, path);
  },
  readText: (path, maxBytes) => utf8Decode(linuxFiles.readFile(path, maxBytes)),
  writeFile(path, content, mode = 0o644) {
    const fd = linuxFiles.open(path, { write: true, create: true, truncate: true, mode });
    try {
      writeAll(fd, content, path);
    } finally {
      native.close(fd);
    }
  },
  writeFileAtomic(path, content, mode = 0o644) {
    const temporary = `${path}.${native.pid()}.tmp`;
    const fd = linuxFiles.open(temporary, { write: true, create: true, truncate: true, noFollow: true, mode });
    try {
      try {
        writeAll(fd, content, temporary);
        check("fsync", native.fsync(fd), temporary);
      } finally {
        native.close(fd);
      }
      linuxFiles.rename(temporary, path);
    } catch (error) {
      native.unlink(temporary);
      throw error;
    }
  },
  stat: (path) => statOf(checkValue("stat", native.stat(path), path)),
  lstat: (path) => statOf(checkValue("lstat", native.lstat(path), path)),
  fstat: (fd) => statOf(checkValue("fstat", native.fstat(fd))),
  exists: (path) => native.exists(path) === 1,
  readDir: (path) => entriesOf(checkValue("readdir", native.readDir(path), path)),
  readDirAt: (dirFd) => entriesOf(checkValue("readdir", native.readDirAt(dirFd))),
  mkdir(path, mode = 0o755) {
    check("mkdir", native.mkdir(path, mode), path);
  },
  mkdirAll(path, mode = 0o755) {
    const result = native.mkdir(path, mode);
    if (result === -EEXIST && linuxFiles.stat(path).kind === "directory") return;
    if (result === -ENOENT && parentOf(path) !== path) {
      linuxFiles.mkdirAll(parentOf(path), mode);
      linuxFiles.mkdirAll(path, mode);
    } else check("mkdir", result, path);
  },
  rmdir(path) {
    check("rmdir", native.rmdir(path), path);
  },
  unlink(path) {
    check("unlink", native.unlink(path), path);
  },
  removeTree(path) {
    check("remove", native.removeTree(path), path);
  },
  rename(from, to) {
    check("rename", native.rename(from, to), `${from} to ${to}`);
  },
  symlink(target, path) {
    check("symlink", native.symlink(target, path), path);
  },
  link(existing, path) {
    check("link", native.link(existing, path), path);
  },
  readLink: (path) => checkValue("readlink", native.readLink(path), path),
  realPath: (path) => checkValue("realpath", native.realPath(path), path),
  chmod(path, mode) {
    check("chmod", native.chmod(path, mode), path);
  },
  chown(path, uid, gid) {
    check("lchown", native.chown(path, uid, gid), path);
  },
  mkfifo(path, mode) {
    check("mkfifo", native.mkfifo(path, mode), path);
  },
  mknod(path, kind, mode, device) {
    check("mknod", native.mknod(path, kind === "block" ? 1 : 0, mode, device.major, device.minor), path);
  },
  truncate(fd, size) {
    check("ftruncate", native.truncate(fd, size));
  },
  fsync(fd) {
    check("fsync", native.fsync(fd));
  },
  fchmod(fd, mode) {
    check("fchmod", native.fchmod(fd, mode));
  },
  fchown(fd, uid, gid) {
    check("fchown", native.fchown(fd, uid, gid));
  },
  mkdirAt(dirFd, name, mode) {
    const result = native.mkdirAt(dirFd, name, mode);
    if (result === -EEXIST) return false;
    check("mkdirat", result, name);
    return true;
  },
  unlinkAt(dirFd, name, directory = false) {
    check("unlinkat", native.unlinkAt(dirFd, name, directory ? 1 : 0), name);
  },
  renameAt(fromDir, from, toDir, to) {
    check("renameat", native.renameAt(fromDir, from, toDir, to), `${from} to ${to}`);
  },
  symlinkAt(target, dirFd, name) {
    check("symlinkat", native.symlinkAt(target, dirFd, name), name);
  },
  lock(fd, kind, block = false) {
    const result = native.lock(fd, kind === "exclusive" ? 1 : 0, block ? 1 : 0);
    if (result === -EAGAIN) return false;
    check("flock", result);
    return true;
  },
  statFs: (path) => checkValue("statfs", native.statFs(path), path),
};

function writeAll(fd: number, content: string | Uint8Array, path: string): void {
  const bytes = typeof content === "string" ? utf8Encode(content) : content;
  let offset = 0;
  while (offset < bytes.length) {
    const written = native.write(fd, bytes, offset);
    if (written < 0) throw sysError("write", written, path);
    offset += written;
  }
}
