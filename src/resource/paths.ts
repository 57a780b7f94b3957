/** Directories of one sandbox on the host. */
export interface SandboxPaths {
  /** The sandbox's record; its directory is locked while a shim owns it. */
  readonly stateDir: string;
  /** Sockets, pid files and logs of the VM. */
  readonly vmDir: string;
  /** Everything that is shared with the guest. */
  readonly share: SharePaths;
}

/** The parts of a sandbox's share. */
export interface SharePaths {
  readonly root: string;
  /** What the share-fs daemon serves: a read-only view of `mounts`, so that the guest cannot create entries at its top. */
  readonly shared: string;
  /** Where the host binds things for the guest. */
  readonly mounts: string;
  /** Where binds become read-only before they appear in `mounts`. */
  readonly private: string;
}

/** The directories of a sandbox whose id has been checked. `runDir` is /run except in tests. */
export function sandboxPaths(sandboxId: string, runDir = "/run"): SandboxPaths {
  const root = `${runDir}/kata-containers/shared/sandboxes/${sandboxId}`;
  return {
    stateDir: `${runDir}/vc/sbs/${sandboxId}`,
    vmDir: `${runDir}/vc/vm/${sandboxId}`,
    share: { root, shared: `${root}/shared`, mounts: `${root}/mounts`, private: `${root}/private` },
  };
}

/** Where the guest mounts the share. */
export const guestShareDir = "/run/kata-containers/shared/containers";
/** Where the guest keeps what all containers of a sandbox use. */
export const guestSandboxDir = "/run/kata-containers/sandbox";
/** The virtio-fs tag of the share. */
export const shareTag = "kataShared";
