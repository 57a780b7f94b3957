import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import type { Storage } from "../../wire/gen/agent/agent.ts";
import { FSGroupChangePolicy } from "../../wire/gen/agent/types.ts";
import { requireKataPath } from "../container/rules.ts";
import type { MountedStorage, StorageDeps } from "./driver.ts";
import { giveToGroup } from "./ownership.ts";
import { storageDrivers } from "./registry.ts";

interface Entry {
  readonly mountPoint: string;
  readonly made: MountedStorage;
  references: number;
}

/**
 * The sandbox's storages. A mount point that several containers name is mounted once and counted. Requests are
 * handled one after the other, so that a mount point is never made twice.
 */
export class StorageManager {
  private readonly deps: StorageDeps;
  private readonly logger: Logger;
  private readonly entries = new Map<string, Entry>();
  private tail: Promise<unknown> = Promise.resolve();

  constructor(deps: StorageDeps & { readonly logger: Logger }) {
    this.deps = deps;
    this.logger = deps.logger;
  }

  /**
   * Makes all storages available, in order, and returns their mount points, each holding a reference. When one fails
   * the ones before it are taken back; the error names the storage's index.
   */
  add(storages: readonly Storage[]): Promise<string[]> {
    return this.exclusive(async () => {
      const done: string[] = [];
      for (const [index, storage] of storages.entries()) {
        try {
          done.push(await this.addOne(storage));
        } catch (error) {
          this.releaseAll(done.reverse());
          throw KataError.wrap(
            error,
            `Storage ${index} (driver ${JSON.stringify(storage.driver)}) cannot be made available`,
            {
              field: `storages[${index}]`,
            },
          );
        }
      }
      return done;
    });
  }

  /** Drops one reference to each; the last one unmounts. Errors are logged, and the rest is still released. */
  release(mountPoints: readonly string[]): Promise<void> {
    return this.exclusive(async () => this.releaseAll([...mountPoints].reverse()));
  }

  /** Drops everything, newest first: the end of the sandbox. */
  releaseEverything(): Promise<void> {
    return this.exclusive(async () => {
      for (const entry of [...this.entries.values()].reverse()) this.takeBack(entry);
      this.entries.clear();
    });
  }

  private async addOne(storage: Storage): Promise<string> {
    const driver = storageDrivers.get(storage.driver);
    if (driver === undefined) {
      throw new KataError("invalid-argument", `Driver must be one of ${[...storageDrivers.keys()].join(", ")}`, {
        field: "driver",
      });
    }
    const mountPoint = requireKataPath(storage.mountPoint, "mount_point");
    const known = this.entries.get(mountPoint);
    if (known !== undefined) {
      known.references++;
      return mountPoint;
    }
    const foreign = this.deps.mounter.isMountPoint(mountPoint);
    const made = foreign ? { mounted: false } : await driver(this.deps, { ...storage, mountPoint });
    const entry = { mountPoint, made, references: 1 };
    try {
      const group = storage.fsGroup;
      if (!foreign && group !== undefined) {
        await giveToGroup(
          this.deps,
          mountPoint,
          group.groupId,
          group.groupChangePolicy === FSGroupChangePolicy.OnRootMismatch,
        );
      }
    } catch (error) {
      this.takeBack(entry);
      throw error;
    }
    this.entries.set(mountPoint, entry);
    return mountPoint;
  }

  private releaseAll(mountPoints: readonly string[]): void {
    for (const mountPoint of mountPoints) {
      const entry = this.entries.get(mountPoint);
      if (entry === undefined || --entry.references > 0) continue;
      this.entries.delete(mountPoint);
      this.takeBack(entry);
    }
  }

  private takeBack({ mountPoint, made }: Entry): void {
    try {
      if (made.mounted) this.deps.mounter.unmount(mountPoint);
      if (made.removeTree === true) this.deps.sys.removeTree(mountPoint);
    } catch (error) {
      this.logger.warn("storage not released", { mountPoint, error: KataError.from(error) });
    }
  }

  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
