import { type RandomSource, randomHex } from "../base/ids.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { MountsPort } from "../sys/port/mounts.ts";
import { mountsBelow } from "./mount-table.ts";
import { guestShareDir, type SharePaths } from "./paths.ts";
import { mountOverlay } from "./rootfs.ts";
import type { RootfsStep } from "./rootfs-plan.ts";
import type { UndoOperation } from "./undo.ts";
import type { UndoStack } from "./undo-stack.ts";
import type { VolumePlan } from "./volume-plan.ts";

/** What a share needs of its surroundings. */
export interface ShareDeps {
  readonly sys: FilesPort & MountsPort & RandomSource;
  readonly undo: UndoStack;
}

/**
 * The directory tree that the guest sees through virtio-fs. Everything is bound below `mounts`; the share-fs daemon serves
 * a read-only view of it, into which later mounts propagate. No path that the guest can write to is ever resolved here.
 * The caller's mount namespace should be private: then all of this vanishes with its last process.
 */
export class SandboxShare {
  private readonly deps: ShareDeps;
  private readonly paths: SharePaths;
  /** What each container has here, oldest first. */
  private readonly acquired = new Map<string, readonly UndoOperation[]>();
  /** Containers that have been here. */
  private readonly known = new Set<string>();

  constructor(deps: ShareDeps, paths: SharePaths) {
    this.deps = deps;
    this.paths = paths;
  }

  /** What the share-fs daemon is to serve. */
  get servedDirectory(): string {
    return this.paths.shared;
  }

  /** Makes the tree. Once, before the share-fs daemon starts. Throws SysError. */
  prepare(): void {
    const { sys, undo } = this.deps;
    const { root, mounts, shared } = this.paths;
    undo.push(
      { kind: "remove-tree", path: root },
      { kind: "unmount", path: mounts },
      { kind: "unmount", path: shared },
    );
    sys.mkdirAll(root, 0o700);
    for (const directory of [mounts, shared, this.paths.private]) sys.mkdir(directory, 0o700);
    // A mount of its own whose new mounts reach the view below, also from a daemon's namespace.
    sys.mount({ source: mounts, target: mounts, options: ["bind", "private", "shared"] });
    sys.mount({ source: mounts, target: shared, options: ["bind", "ro", "slave", "shared"] });
  }

  /** Whether something of this container is here. */
  holds(containerId: string): boolean {
    return this.acquired.has(containerId);
  }

  /**
   * Mounts a container's root file system into the share and returns its path in the guest. Throws SysError; `remove` takes
   * back what was made.
   */
  addRootfs(containerId: string, steps: readonly RootfsStep[]): string {
    const { sys } = this.deps;
    const name = this.directoryName(containerId);
    const directory = `${this.paths.mounts}/${name}`;
    const target = `${directory}/rootfs`;
    this.register(containerId, [
      { kind: "remove-tree", path: directory },
      ...steps.map((): UndoOperation => ({ kind: "unmount", path: target })),
    ]);
    sys.mkdir(directory, 0o700);
    sys.mkdir(target, 0o755);
    for (const step of steps) {
      if (step.kind === "overlay") mountOverlay(sys, target, step.options);
      else this.bind({ ...step, directory: true }, target);
    }
    return `${guestShareDir}/${name}/rootfs`;
  }

  /** Binds a file or directory of the host into the share and returns its path in the guest. Throws SysError. */
  addVolume(containerId: string, volume: Extract<VolumePlan, { kind: "share" }>): string {
    const { sys } = this.deps;
    const base = volume.mount.destination.slice(volume.mount.destination.lastIndexOf("/") + 1);
    const name = `${containerId}-${randomHex(sys, 8)}-${base.replace(/[^\w.-]/g, "_").slice(0, 64)}`;
    const target = `${this.paths.mounts}/${name}`;
    this.register(containerId, [
      { kind: volume.directory ? "remove-directory" : "remove-file", path: target },
      { kind: "unmount", path: target },
    ]);
    this.makeTarget(target, volume.directory);
    this.bind(volume, target);
    return `${guestShareDir}/${name}`;
  }

  /** Takes back what a container has here, newest first. An error ends it; what is left stays registered. */
  async remove(containerId: string): Promise<void> {
    const operations = [...(this.acquired.get(containerId) ?? [])];
    for (let last = operations.pop(); last !== undefined; last = operations.pop()) {
      await this.deps.undo.release(last);
      this.acquired.set(containerId, [...operations]);
    }
    this.acquired.delete(containerId);
  }

  /** The guest remembers for a while what a directory was, or that it is gone: a name is not used twice. */
  private directoryName(containerId: string): string {
    if (this.known.has(containerId)) return `${containerId}-${randomHex(this.deps.sys, 8)}`;
    this.known.add(containerId);
    return containerId;
  }

  private register(containerId: string, operations: readonly UndoOperation[]): void {
    this.deps.undo.push(...operations);
    this.acquired.set(containerId, [...(this.acquired.get(containerId) ?? []), ...operations]);
  }

  private bind(
    volume: {
      readonly source: string;
      readonly directory: boolean;
      readonly recursive: boolean;
      readonly readOnly: boolean;
    },
    target: string,
  ): void {
    const { sys } = this.deps;
    const bind = volume.recursive ? "rbind" : "bind";
    if (!volume.readOnly) {
      sys.mount({ source: volume.source, target, options: [bind, "rprivate"] });
      return;
    }
    // A mount propagates as it is at that moment: made read-only afterwards, the guest's view would stay writable. So it
    // becomes read-only in a private place first, with everything mounted below it.
    const place = `${this.paths.private}/${target.slice(target.lastIndexOf("/") + 1)}`;
    this.makeTarget(place, volume.directory);
    sys.mount({ source: volume.source, target: place, options: [bind, "rprivate"] });
    try {
      for (const point of [place, ...(volume.recursive ? mountsBelow(sys, place) : [])]) {
        sys.mount({ source: point, target: point, options: ["remount", "bind", "ro"] });
      }
      sys.mount({ source: place, target, options: [bind, "rprivate"] });
    } finally {
      sys.unmount(place, { detach: true });
      if (volume.directory) sys.rmdir(place);
      else sys.unlink(place);
    }
  }

  private makeTarget(path: string, directory: boolean): void {
    if (directory) this.deps.sys.mkdir(path, 0o700);
    else this.deps.sys.writeFile(path, "", 0o600);
  }
}
