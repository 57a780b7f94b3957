/** A mount as mount(8) would be told: options by their names. */
export interface MountRequest {
  /** File system type; absent for bind mounts, remounts and propagation changes. */
  readonly type?: string;
  readonly source: string;
  readonly target: string;
  /**
   * Names of flags (`ro`, `nosuid`, `bind`, `rbind`, `remount`, `rslave`...) and, for whatever is no flag, data for
   * the file system. Propagation changes are made by a second call, as the kernel demands.
   */
  readonly options?: readonly string[];
}

/** Mounts and namespaces (mount(2), umount2(2), setns(2), unshare(2)). Every call throws SysError. */
export interface MountsPort {
  mount(request: MountRequest): void;
  /** Never follows a link at the last component. `detach` is MNT_DETACH. */
  unmount(target: string, options?: { readonly detach?: boolean; readonly force?: boolean }): void;
  chroot(path: string): void;
  chdir(path: string): void;
  cwd(): string;
  /** Enters the namespace behind an open /proc/PID/ns file. */
  enterNamespace(fd: number, kind: NamespaceKind): void;
  unshare(kinds: readonly NamespaceKind[]): void;
}
export type NamespaceKind = "mount" | "net" | "ipc" | "uts" | "pid" | "cgroup" | "user" | "time";
