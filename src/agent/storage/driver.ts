import type { Clock } from "../../base/clock.ts";
import type { Sys } from "../../sys/sys.ts";
import type { Storage } from "../../wire/gen/agent/agent.ts";
import type { DeviceFinder } from "../devices/finder.ts";
import type { Modules } from "../modules.ts";
import type { GuestTree } from "./guest-tree.ts";
import type { Mounter } from "./mounter.ts";

/** What storage drivers work with. */
export interface StorageDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly modules: Pick<Modules, "require">;
  readonly devices: DeviceFinder;
  readonly mounter: Mounter;
  readonly tree: GuestTree;
}

/** What a driver made, to be taken back by whoever holds the last reference. */
export interface MountedStorage {
  /** A mount is at the mount point; otherwise it is a plain directory that the driver created. */
  readonly mounted: boolean;
  /** The directory and what is in it go away with the storage. */
  readonly removeTree?: boolean;
}

/** Makes one kind of storage available. The mount point is checked already: normal, below /run/kata-containers. */
export type StorageDriver = (deps: StorageDeps, storage: Storage) => Promise<MountedStorage>;
