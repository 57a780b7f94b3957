/** Names of mount(8) that set or clear flags of mount(2). The numbers are those of linux/mount.h on every architecture. */
const setting: Readonly<Record<string, number>> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  remount: 32,
  mand: 64,
  dirsync: 128,
  nosymfollow: 256,
  noatime: 1024,
  nodiratime: 2048,
  bind: 4096,
  move: 8192,
  rbind: 4096 | 16384,
  silent: 32768,
  relatime: 1 << 21,
  iversion: 1 << 23,
  strictatime: 1 << 24,
  lazytime: 1 << 25,
};
const clearing: Readonly<Record<string, number>> = {
  rw: 1,
  suid: 2,
  dev: 4,
  exec: 8,
  async: 16,
  nomand: 64,
  symfollow: 256,
  atime: 1024,
  diratime: 2048,
  loud: 32768,
  norelatime: 1 << 21,
  noiversion: 1 << 23,
  nostrictatime: 1 << 24,
  nolazytime: 1 << 25,
};
const MS_REC = 16384;
const propagation: Readonly<Record<string, number>> = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  runbindable: (1 << 17) | MS_REC,
  rprivate: (1 << 18) | MS_REC,
  rslave: (1 << 19) | MS_REC,
  rshared: (1 << 20) | MS_REC,
};

/** What mount(2) has to be told. */
export interface MountPlan {
  readonly flags: number;
  /** Comma-separated options for the file system, undefined when there is none. */
  readonly data: string | undefined;
  /** Propagation changes, one call each, after the mount. */
  readonly propagation: readonly number[];
  /** A bind mount takes only `bind` and `rec` at first: other flags need a second call with MS_REMOUNT (mount(2)). */
  readonly bindRemount: number | undefined;
}

const MS_REMOUNT = 32;
const MS_BIND = 4096;

/** Splits options into flags, data and propagation. Later names win over earlier ones; `defaults` means nothing. */
export function planMount(options: readonly string[]): MountPlan {
  let flags = 0;
  const data: string[] = [];
  const changes: number[] = [];
  for (const option of options) {
    const set = setting[option];
    const clear = clearing[option];
    const change = propagation[option];
    if (set !== undefined) flags |= set;
    else if (clear !== undefined) flags &= ~clear;
    else if (change !== undefined) changes.push(change);
    else if (option !== "defaults" && option !== "") data.push(option);
  }
  const beyondBind = flags & ~(MS_BIND | MS_REC);
  const needsRemount = (flags & MS_BIND) !== 0 && (flags & MS_REMOUNT) === 0 && beyondBind !== 0;
  return {
    flags: needsRemount ? flags & (MS_BIND | MS_REC) : flags,
    data: data.length === 0 ? undefined : data.join(","),
    propagation: changes,
    bindRemount: needsRemount ? MS_REMOUNT | MS_BIND | beyondBind : undefined,
  };
}
