/** What stat(2) says. Times are milliseconds since 1970. */
export interface FileStat {
  readonly kind: FileKind;
  /** Permission bits with set-id and sticky bits (`st_mode & 07777`). */
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly inode: bigint;
  /** Device that holds the file, as `major:minor`. */
  readonly device: DeviceNumber;
  /** For device nodes: the device they stand for. */
  readonly represents: DeviceNumber;
  readonly modifiedMs: number;
}
export type FileKind = "file" | "directory" | "symlink" | "fifo" | "socket" | "char" | "block" | "unknown";
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}
export interface DirEntry {
  readonly name: string;
  readonly kind: FileKind;
}

/** How to open a file; every descriptor is close-on-exec. Read-only unless said otherwise. */
export interface OpenOptions {
  readonly write?: boolean;
  /** With `write`: also read. */
  readonly read?: boolean;
  readonly create?: boolean;
  /** With `create`: fail with EEXIST when the file is there. */
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  readonly append?: boolean;
  readonly nonBlocking?: boolean;
  readonly directory?: boolean;
  /** O_PATH: a handle only. */
  readonly pathOnly?: boolean;
  /** Fail with ELOOP when the last component is a symbolic link. */
  readonly noFollow?: boolean;
  /** Permission bits of a created file, 0o644 unless said otherwise; the umask applies. */
  readonly mode?: number;
}

/** The result of a read or write that would have to wait. */
export const WOULD_BLOCK = -1;

/** Files and directories. Every call throws SysError; none of them waits for anything but the disk. */
export interface FilesPort {
  open(path: string, options?: OpenOptions): number;
  /**
   * Opens `path` below `dirFd`; no component may leave it, and none may be a symbolic link
   * (openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS).
   */
  openBeneath(dirFd: number, path: string, options?: OpenOptions): number;
  /** Closes; errors of close(2) are not reported. The descriptor must not be watched any more. */
  close(fd: number): void;
  /** Reads up to `length` bytes into `buffer` at `offset`. 0 means end of file, WOULD_BLOCK nothing yet. */
  read(fd: number, buffer: Uint8Array, offset?: number, length?: number): number;
  /** Writes and returns how many bytes were taken, or WOULD_BLOCK. */
  write(fd: number, buffer: Uint8Array, offset?: number, length?: number): number;
  /**
   * Writes up to 64 chunks, as far as the descriptor takes them, leaving out the first `skip` bytes of the first one
   * (writev(2), again while less than all was taken); as `write`.
   */
  writeMany(fd: number, chunks: readonly Uint8Array[], skip?: number): number;
  pread(fd: number, buffer: Uint8Array, position: number): number;
  pwrite(fd: number, buffer: Uint8Array, position: number): number;
  /** Moves bytes between two descriptors of which one is a pipe (splice(2), non-blocking). */
  splice(from: number, to: number, length: number): number;
  /** Bytes that a pipe, FIFO or terminal holds ready (FIONREAD). */
  readable(fd: number): number;
  /** The whole file; `resource-exhausted` KataError above `maxBytes` (default 16 MiB). Works for /proc files. */
  readFile(path: string, maxBytes?: number): Uint8Array;
  readText(path: string, maxBytes?: number): string;
  /** Creates or replaces the content in place. */
  writeFile(path: string, content: string | Uint8Array, mode?: number): void;
  /** Writes a temporary sibling, fsyncs and renames it: readers see the old content or the new. */
  writeFileAtomic(path: string, content: string | Uint8Array, mode?: number): void;
  stat(path: string): FileStat;
  lstat(path: string): FileStat;
  fstat(fd: number): FileStat;
  exists(path: string): boolean;
  /** Entries without `.` and `..`, sorted by name. */
  readDir(path: string): DirEntry[];
  /** Entries of the directory behind an open descriptor. */
  readDirAt(dirFd: number): DirEntry[];
  mkdir(path: string, mode?: number): void;
  /** Creates missing parents too; an existing directory is fine. */
  mkdirAll(path: string, mode?: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  /** Removes a tree without following links and without crossing into another mount (EBUSY then); a missing path is fine. */
  removeTree(path: string): void;
  rename(from: string, to: string): void;
  symlink(target: string, path: string): void;
  link(existing: string, path: string): void;
  readLink(path: string): string;
  /** Resolves every link; throws ENOENT when the file is missing. */
  realPath(path: string): string;
  chmod(path: string, mode: number): void;
  /** Changes the owner of the link itself, not of its target. */
  chown(path: string, uid: number, gid: number): void;
  mkfifo(path: string, mode: number): void;
  mknod(path: string, kind: "char" | "block", mode: number, device: DeviceNumber): void;
  truncate(fd: number, size: number): void;
  fsync(fd: number): void;
  fchmod(fd: number, mode: number): void;
  fchown(fd: number, uid: number, gid: number): void;
  /** False when the name is there already, whatever it is. */
  mkdirAt(dirFd: number, name: string, mode: number): boolean;
  /** unlinkat(2); `directory` for AT_REMOVEDIR. */
  unlinkAt(dirFd: number, name: string, directory?: boolean): void;
  renameAt(fromDir: number, from: string, toDir: number, to: string): void;
  symlinkAt(target: string, dirFd: number, name: string): void;
  /** flock(2). Returns false when someone else holds it and `block` is not set. */
  lock(fd: number, kind: "exclusive" | "shared", block?: boolean): boolean;
  statFs(path: string): FileSystemStat;
}

/** What statfs(2) says. */
export interface FileSystemStat {
  /** The magic number, such as 0xef53 for ext4. */
  readonly type: number;
  readonly blockSize: number;
  readonly blocks: bigint;
  readonly freeBlocks: bigint;
  readonly availableBlocks: bigint;
  readonly files: bigint;
  readonly freeFiles: bigint;
}
