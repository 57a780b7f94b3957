import { invalid } from "../container/rules.ts";
import type { StorageDriver } from "./driver.ts";
import { parseGroupId, parseMode, parseMountOptions, takeOption } from "./options.ts";

const SET_GID = 0o2000;

/** Memory-backed volumes: tmpfs, also the sandbox's /dev/shm, and huge pages. `fsgid=N` gives it to a group. */
export const ephemeral: StorageDriver = async (deps, storage) => {
  const { sys, mounter } = deps;
  const fstype = storage.fstype === "" ? "tmpfs" : storage.fstype;
  if (fstype !== "tmpfs" && fstype !== "hugetlbfs") {
    throw invalid("fstype", `An ephemeral storage must be tmpfs or hugetlbfs, got ${JSON.stringify(fstype)}`);
  }
  const { value: group, rest } = takeOption(storage.options, "fsgid");
  const { flags, data } = parseMountOptions(fstype, rest);
  const gid = group === undefined ? undefined : parseGroupId(group);
  mounter.mount({ fstype, source: fstype, mountPoint: storage.mountPoint, options: [...flags, ...data] });
  if (gid !== undefined) {
    const { mode } = sys.stat(storage.mountPoint);
    sys.chown(storage.mountPoint, 0, gid);
    sys.chmod(storage.mountPoint, mode | SET_GID | 0o770);
  }
  return { mounted: true };
};

/** A directory on the guest's disk or share that lives as long as the sandbox; `mode=` and `fsgid=` as given. */
export const local: StorageDriver = async ({ sys, tree }, storage) => {
  const group = takeOption(storage.options, "fsgid").value;
  const mode = takeOption(storage.options, "mode").value;
  const gid = group === undefined ? undefined : parseGroupId(group);
  const bits = mode === undefined ? 0o755 : parseMode(mode);
  const existed = tree.has(storage.mountPoint);
  const fd = tree.ensureDirectory(storage.mountPoint);
  try {
    if (gid !== undefined) sys.fchown(fd, 0, gid);
    sys.fchmod(fd, gid === undefined ? bits : bits | SET_GID);
  } finally {
    sys.close(fd);
  }
  return { mounted: false, removeTree: !existed };
};
