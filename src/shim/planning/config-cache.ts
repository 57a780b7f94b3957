import { sha256Hex } from "../../base/sha256.ts";
import { configurationFile, type FindSys } from "../../config/find.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { FileStat, FilesPort } from "../../sys/port/files.ts";
import type { SystemPort } from "../../sys/port/system.ts";

/** What the cache needs of the system. */
export type CacheSys = FindSys &
  Pick<
    FilesPort,
    | "close"
    | "fstat"
    | "lstat"
    | "mkdirAll"
    | "open"
    | "pread"
    | "readDir"
    | "readText"
    | "realPath"
    | "stat"
    | "unlink"
    | "writeFileAtomic"
  > &
  Pick<SystemPort, "cpuCount" | "uname">;

/** Removing it costs the next start of each configuration a few milliseconds. */
export const cacheDirectory = "/run/kata-containers/config-cache";

const maxFileBytes = 1024 * 1024;
const maxDropIns = 256;
const maxEntries = 16;
const root = 0;

/** What a file of the cache holds. */
interface Entry {
  readonly key: string;
  readonly config: RuntimeConfig;
}

/**
 * The configuration of `load`, remembered from the last time. The key is a hash over everything that it depends on: this
 * program, the host's size, names and contents of the files. So an entry is never out of date, and it is only believed when
 * nobody but root could have written it. What `load` throws is not remembered. There is one file for each main file.
 */
export function cachedConfig(sys: CacheSys, path: string, load: () => RuntimeConfig): RuntimeConfig {
  const main = configurationFile(sys, path);
  const key = keyOf(sys, main);
  if (key === undefined) return load();
  const file = `${cacheDirectory}/${sha256Hex(main).slice(0, 32)}.json`;
  const known = readEntry(sys, file);
  if (known?.key === key) return known.config;
  const config = load();
  writeEntry(sys, file, { key, config });
  return config;
}

/** Undefined when something cannot be read: that is the loader's to explain. */
function keyOf(sys: CacheSys, main: string): string | undefined {
  try {
    const real = sys.realPath(main);
    const directory = `${real.slice(0, real.lastIndexOf("/"))}/config.d`;
    const names = sys.exists(directory)
      ? sys
          .readDir(directory)
          .map(({ name }) => name)
          .sort()
      : [];
    if (names.length > maxDropIns) return undefined;
    const files = [main, ...names.filter((name) => name.endsWith(".toml")).map((name) => `${directory}/${name}`)];
    const { inode, size, modifiedMs } = sys.stat("/proc/self/exe");
    const { machine } = sys.uname();
    const memory = /^MemTotal:.*$/m.exec(sys.readText("/proc/meminfo"))?.[0];
    const facts = [String(inode), size, modifiedMs, machine, sys.cpuCount(), memory, names];
    const contents = files.map((file) => {
      // Opening anything but a file could wait for ever.
      if (sys.stat(file).kind !== "file") throw new Error(`${file} is not a file`);
      return [file, sys.readText(file, maxFileBytes)];
    });
    return sha256Hex(JSON.stringify([facts, contents]));
  } catch {
    return undefined;
  }
}

function readEntry(sys: CacheSys, file: string): Entry | undefined {
  let fd: number | undefined;
  try {
    if (!isPrivate(sys.lstat(cacheDirectory), "directory")) return undefined;
    fd = sys.open(file, { noFollow: true, nonBlocking: true });
    const stat = sys.fstat(fd);
    if (!isPrivate(stat, "file") || stat.size > maxFileBytes) return undefined;
    const bytes = new Uint8Array(stat.size);
    if (sys.pread(fd, bytes, 0) !== bytes.length) return undefined;
    return JSON.parse(new TextDecoder().decode(bytes)) as Entry;
  } catch {
    // Not there yet, or damaged: the loader does without.
    return undefined;
  } finally {
    if (fd !== undefined) sys.close(fd);
  }
}

function writeEntry(sys: CacheSys, file: string, entry: Entry): void {
  try {
    sys.mkdirAll(cacheDirectory, 0o700);
    if (!isPrivate(sys.lstat(cacheDirectory), "directory")) return;
    sys.writeFileAtomic(file, JSON.stringify(entry), 0o600);
    removeOldest(sys, file);
  } catch {
    // A full disk, or a value that JSON has no form for: the next start is slower, and nothing else.
  }
}

/** Files of configurations that are not used any more would stay for ever. */
function removeOldest(sys: CacheSys, newest: string): void {
  const files = sys.readDir(cacheDirectory).map(({ name }) => `${cacheDirectory}/${name}`);
  if (files.length <= maxEntries) return;
  const others = files.filter((file) => file !== newest);
  const byAge = others.map((file) => ({ file, age: sys.lstat(file).modifiedMs })).sort((a, b) => a.age - b.age);
  for (const { file } of byAge.slice(0, files.length - maxEntries)) sys.unlink(file);
}

/** Whether only root can have written it. */
function isPrivate({ kind, uid, mode }: FileStat, wanted: FileStat["kind"]): boolean {
  return kind === wanted && uid === root && (mode & 0o077) === 0;
}
