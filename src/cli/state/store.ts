import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import { withLock } from "../../image/lock.ts";
import { isErrno } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";
import { generateName } from "./names.ts";
import { type ContainerPaths, type CtlPaths, containerPaths } from "./paths.ts";
import { type ContainerRecord, type ContainerState, parseRecord, renderRecord } from "./record.ts";
import { resolveContainer } from "./resolve.ts";

/** What the store needs. */
export interface ContainerStoreDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: CtlPaths;
}

/** A container that this process takes care of. */
export interface OwnedContainer {
  readonly record: ContainerRecord;
  readonly paths: ContainerPaths;
  /** Holds the owner lock; hand it to a child to hand the container over, or close it to let go. */
  readonly ownerFd: number;
}

/** The containers of one namespace, as directories with a record each. Safe for several processes at once. */
export class ContainerStore {
  private readonly deps: ContainerStoreDeps;
  private readonly sys: Sys;
  private readonly paths: CtlPaths;

  constructor(deps: ContainerStoreDeps) {
    this.deps = deps;
    this.sys = deps.sys;
    this.paths = deps.paths;
  }

  /** The files of a container. */
  pathsOf(id: string): ContainerPaths {
    return containerPaths(this.paths, id);
  }

  /**
   * Makes a container's directories and record; this process owns it then. Without a name one is generated. Throws
   * `already-exists` that names the holder when the name is in use.
   */
  async create(record: Omit<ContainerRecord, "name">, name: string | undefined): Promise<OwnedContainer> {
    const { sys } = this;
    sys.mkdirAll(this.paths.containers, 0o700);
    sys.mkdirAll(this.paths.data, 0o700);
    this.sweep();
    return withLock(this.deps, this.paths.namesLock, "exclusive", () => {
      const others = this.list();
      const holder = others.find((other) => other.name === name);
      if (holder !== undefined) throw nameInUse(holder);
      const names = new Set(others.map((other) => other.name));
      const chosen =
        name ??
        generateName(
          (bytes) => sys.random(bytes),
          (candidate) => names.has(candidate),
        );
      const full: ContainerRecord = { ...record, name: chosen };
      const paths = this.pathsOf(record.id);
      sys.mkdir(paths.directory, 0o700);
      try {
        const ownerFd = sys.open(paths.ownerLock, { write: true, create: true, mode: 0o600 });
        sys.lock(ownerFd, "exclusive");
        sys.mkdir(paths.data, 0o700);
        sys.writeFileAtomic(paths.record, renderRecord(full), 0o600);
        return { record: full, paths, ownerFd };
      } catch (error) {
        sys.removeTree(paths.data);
        sys.removeTree(paths.directory);
        throw error;
      }
    });
  }

  /** Throws `already-exists` when the name is in use, before work is spent on a container that could not have it. */
  requireFree(name: string): void {
    const holder = this.list().find((other) => other.name === name);
    if (holder !== undefined) throw nameInUse(holder);
  }

  /** All containers, oldest first. Damaged records are left out with a warning: one must not hide the others. */
  list(): ContainerRecord[] {
    const records: ContainerRecord[] = [];
    for (const id of this.ids()) {
      try {
        records.push(this.read(id));
      } catch (error) {
        if (isErrno(error, "ENOENT")) continue;
        this.deps.logger.warn("container record cannot be read", { id, error: KataError.from(error) });
      }
    }
    return records.sort((a, b) => a.createdMs - b.createdMs);
  }

  /** A container by name, id or unambiguous beginning of an id. Throws `not-found` or `invalid-argument`. */
  find(reference: string): ContainerRecord {
    return resolveContainer(this.list(), reference);
  }

  /** Reads one record. Throws SysError ENOENT when the container is gone. */
  read(id: string): ContainerRecord {
    return parseRecord(this.sys.readText(this.pathsOf(id).record, 4 << 20));
  }

  /** Writes down how far a container is. Only its owner does that. */
  setState(record: ContainerRecord, state: ContainerState): ContainerRecord {
    const changed = { ...record, state };
    this.sys.writeFileAtomic(this.pathsOf(record.id).record, renderRecord(changed), 0o600);
    return changed;
  }

  /** Whether a process takes care of the container right now. */
  isOwned(id: string): boolean {
    const fd = this.openLock(id);
    if (fd === undefined) return false;
    try {
      return !this.sys.lock(fd, "shared");
    } finally {
      this.sys.close(fd);
    }
  }

  /** Becomes the owner of a container that has none; undefined when it has one, or is gone. */
  adopt(id: string): number | undefined {
    const fd = this.openLock(id);
    if (fd === undefined) return undefined;
    if (this.sys.lock(fd, "exclusive")) return fd;
    this.sys.close(fd);
    return undefined;
  }

  /** Removes everything of a container that does not run. The data goes first: a directory without data is swept never. */
  remove(id: string): void {
    const paths = this.pathsOf(id);
    this.sys.removeTree(paths.data);
    this.sys.removeTree(paths.directory);
  }

  /** Deletes the data of containers whose state is gone: a reboot empties /run. Data is made after and removed before it. */
  private sweep(): void {
    for (const { name } of this.sys.readDir(this.paths.data)) {
      if (this.sys.exists(this.pathsOf(name).directory)) continue;
      this.deps.logger.debug("removing the data of a container that is gone", { id: name });
      this.sys.removeTree(this.pathsOf(name).data);
    }
  }

  private ids(): string[] {
    try {
      return this.sys.readDir(this.paths.containers).map(({ name }) => name);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return [];
      throw error;
    }
  }

  private openLock(id: string): number | undefined {
    try {
      return this.sys.open(this.pathsOf(id).ownerLock, { write: true, read: true });
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  }
}

function nameInUse(holder: ContainerRecord): KataError {
  const id = holder.id.slice(0, 12);
  return new KataError(
    "already-exists",
    `Name "${holder.name}" is in use by container ${id} (${holder.state.status})`,
    {
      field: "--name",
      hint: `choose another one, or remove it: kata-ctl rm ${holder.state.status === "running" ? "-f " : ""}${holder.name}`,
    },
  );
}
