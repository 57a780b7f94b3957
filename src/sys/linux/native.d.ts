// The calls of the C bridge (native/*.c), where each is described. Unless said otherwise a call returns a number >= 0
// when it worked and -errno when it failed; records and arrays stand for success. Only src/sys/linux uses this module.
declare module "kata:native" {
  type Bytes = Uint8Array;
  type Fallible<T> = T | number;

  interface NativeStat {
    readonly type: number;
    readonly mode: number;
    readonly size: number;
    readonly uid: number;
    readonly gid: number;
    readonly nlink: number;
    readonly inode: bigint;
    readonly deviceMajor: number;
    readonly deviceMinor: number;
    readonly representsMajor: number;
    readonly representsMinor: number;
    readonly modifiedMs: number;
  }
  interface NativeFileSystem {
    readonly type: number;
    readonly blockSize: number;
    readonly blocks: bigint;
    readonly freeBlocks: bigint;
    readonly availableBlocks: bigint;
    readonly files: bigint;
    readonly freeFiles: bigint;
  }

  // files.c
  export function open(path: string, bits: number, mode: number): number;
  export function openBeneath(dirFd: number, path: string, bits: number, mode: number): number;
  export function close(fd: number): number;
  export function read(fd: number, buffer: Bytes, offset?: number, length?: number): number;
  export function write(fd: number, buffer: Bytes, offset?: number, length?: number): number;
  export function writeMany(fd: number, chunks: readonly Bytes[], skip: number): number;
  export function pread(fd: number, buffer: Bytes, position: number): number;
  export function pwrite(fd: number, buffer: Bytes, position: number): number;
  export function splice(from: number, to: number, length: number): number;
  export function readable(fd: number): number;
  export function readFile(path: string, most: number): Fallible<Bytes>;
  export function stat(path: string): Fallible<NativeStat>;
  export function exists(path: string): number;
  export function lstat(path: string): Fallible<NativeStat>;
  export function fstat(fd: number): Fallible<NativeStat>;
  export function statFs(path: string): Fallible<NativeFileSystem>;
  export function truncate(fd: number, size: number): number;
  export function fsync(fd: number): number;
  export function fchmod(fd: number, mode: number): number;
  export function fchown(fd: number, uid: number, gid: number): number;
  export function lock(fd: number, exclusive: number, block: number): number;

  // dirs.c, tree.c
  export function readDir(path: string): Fallible<(string | number)[]>;
  export function readDirAt(dirFd: number): Fallible<(string | number)[]>;
  export function mkdir(path: string, mode: number): number;
  export function rmdir(path: string): number;
  export function unlink(path: string): number;
  export function removeTree(path: string): number;
  export function rename(from: string, to: string): number;
  export function symlink(target: string, path: string): number;
  export function link(existing: string, path: string): number;
  export function readLink(path: string): Fallible<string>;
  export function realPath(path: string): Fallible<string>;
  export function chmod(path: string, mode: number): number;
  export function chown(path: string, uid: number, gid: number): number;
  export function mkfifo(path: string, mode: number): number;
  export function mknod(path: string, block: number, mode: number, major: number, minor: number): number;
  export function mkdirAt(dirFd: number, name: string, mode: number): number;
  export function unlinkAt(dirFd: number, name: string, directory: number): number;
  export function renameAt(fromDir: number, from: string, toDir: number, to: string): number;
  export function symlinkAt(target: string, dirFd: number, name: string): number;

  // mounts.c
  export function mount(
    source: string,
    target: string,
    type: string | null,
    flags: number,
    data: string | null,
  ): number;
  export function unmount(target: string, detach: number, force: number): number;
  export function chroot(path: string): number;
  export function chdir(path: string): number;
  export function cwd(): Fallible<string>;
  export function enterNamespace(fd: number, kind: number): number;
  export function unshare(kinds: number): number;

  // processes.c, spawn.c
  interface NativeSpawn {
    path: string;
    argv: readonly string[];
    env: readonly string[];
    fds: readonly number[];
    cwd?: string;
    netns?: string;
    cgroupProcs?: readonly string[];
    groups?: readonly number[];
    /** Flat: resource index, soft, hard. */
    rlimits?: readonly (number | bigint)[];
    newSession?: number;
    controllingTerminal?: number;
    deathSignal?: number;
    newMountNamespace?: number;
    uid?: number;
    gid?: number;
    umask?: number;
    fixedAddresses?: number;
    oomScoreAdj?: number;
  }
  /** The pid, or -(step * 4096 + errno). */
  export function spawn(request: NativeSpawn): number;
  export function kill(pid: number, signal: number): number;
  /** [pid, exit code, signal], 0 when no child has ended. */
  export function reap(): Fallible<[number, number, number]>;
  export function pid(): number;
  export function parentPid(): number;
  export function uid(): number;
  export function becomeSubreaper(): number;
  export function scheduleApart(): number;
  export function setDeathSignal(signal: number): number;
  export function newSession(): number;
  export function umask(mask: number): number;
  export function setRlimit(resource: number, soft: bigint, hard: bigint): number;
  export function environment(): string[];
  export function argv(): string[];
  export function exit(code: number): never;

  // sockets.c
  export function listen(kind: number, text: string, cid: number, port: number, backlog: number, mode: number): number;
  export function connect(kind: number, text: string, cid: number, port: number): number;
  export function connectError(fd: number): number;
  export function accept(fd: number): number;
  export function socketPair(): Fallible<[number, number]>;
  export function pipe(nonBlocking: number): Fallible<[number, number]>;
  export function setPipeSize(fd: number, bytes: number): number;
  export function setNonBlocking(fd: number, on: number): number;
  export function duplicate(fd: number): number;
  export function sendDescriptors(fd: number, bytes: Bytes, descriptors: readonly number[]): number;
  /** [received, descriptor...] */
  export function receiveDescriptors(fd: number, buffer: Bytes): Fallible<number[]>;
  export function shutdown(fd: number, how: number): number;
  export function peer(fd: number): Fallible<{ readonly pid: number; readonly uid: number; readonly gid: number }>;
  export function netlink(protocol: number, groups: number): number;

  // taps.c
  export function openTap(name: string, bits: number): number;

  // terminals.c
  export function isTerminal(fd: number): number;
  export function windowSize(fd: number): number;
  export function setWindowSize(fd: number, rows: number, columns: number): number;
  export function makeRaw(fd: number): Fallible<Bytes>;
  export function restoreTerminal(fd: number, state: Bytes): number;
  export function openPty(): Fallible<{ readonly master: number; readonly slavePath: string }>;

  // system.c
  export function nowMs(): number;
  export function wallMs(): number;
  export function setWallClock(seconds: bigint, nanoseconds: number): number;
  export function random(buffer: Bytes): number;
  export function addEntropy(bytes: Bytes): number;
  export function uname(): Fallible<{
    readonly sysname: string;
    readonly nodename: string;
    readonly release: string;
    readonly version: string;
    readonly machine: string;
  }>;
  export function setHostname(name: string): number;
  export function loadModule(fd: number, parameters: string): number;
  export function reboot(how: number): number;
  export function sync(): number;
  export function inotify(): number;
  export function inotifyAdd(fd: number, path: string, mask: number): number;
  export function cpuCount(): number;
  export function pageSize(): number;
  export function probeKvm(fd: number): number;
  export function errorName(errno: number): string;
  export function errorText(errno: number): string;

  // poll.c
  export function pollCreate(): number;
  export function pollAdd(poll: number, fd: number, events: number, token: number): number;
  export function pollModify(poll: number, fd: number, events: number, token: number): number;
  export function pollRemove(poll: number, fd: number): number;
  export function pollWait(poll: number, out: Int32Array, timeoutMs: number): number;
  export function signalFd(signals: readonly number[]): number;
  export function releaseSignals(signals: readonly number[]): number;
  /** signal + pid * 128 */
  export function readSignal(fd: number): number;

  // text.c, digest.c: these throw for wrong types only.
  export function utf8Encode(text: string): Uint8Array<ArrayBuffer>;
  export function utf8Decode(bytes: Bytes, fatal?: boolean): string;
  export function utf8EncodeAt(text: string, bytes: Bytes, at: number): number;
  export function utf8DecodeAt(bytes: Bytes, start: number, end: number): string | undefined;
  export function sha256Start(): Uint8Array<ArrayBuffer>;
  export function sha256Add(state: Bytes, bytes: Bytes): number;
  export function sha256Finish(state: Bytes): Uint8Array<ArrayBuffer>;

  // engine.c
  /** Runs promise jobs; returns how many faults wait for takeFaults. */
  export function runJobs(): number;
  export function takeFaults(): unknown[];
  export function onFatal(print: (error: unknown) => string): number;
  export function lineMap(module: string): Bytes | undefined;
  /** Collects garbage and gives free memory back to the kernel. */
  export function collect(): number;

  // realm.c
  /** What the module's `run(argument)` returns; see native/realm.c. */
  export function inRealm(module: string, argument: unknown): unknown;

  /** Only in test binaries. */
  export const detach: ((buffer: ArrayBuffer) => void) | undefined;
}
