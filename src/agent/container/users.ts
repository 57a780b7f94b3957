import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { StringUser } from "../../wire/gen/agent/agent.ts";
import type { User } from "../../wire/gen/agent/oci.ts";

const FILE_LIMIT = 1 << 20;
const MAX_ID = 0xfffffffe;

/**
 * Turns user and group names into ids by the container's own /etc/passwd and /etc/group, read below `rootfs` without
 * following links. Used when the host sends names (images pulled in the guest); numbers need no file.
 */
export function resolveUser(sys: FilesPort, rootfs: string, wanted: StringUser): User {
  const passwd = readBelow(sys, rootfs, "etc/passwd").map((line) => line.split(":"));
  const group = readBelow(sys, rootfs, "etc/group").map((line) => line.split(":"));
  const entry = passwd.find(([name, , uid]) => name === wanted.uid || uid === wanted.uid);
  const uid = toId(wanted.uid) ?? toId(entry?.[2]);
  if (uid === undefined) throw unknown("user", wanted.uid, "passwd");
  const groupId = (name: string): number => {
    const id = toId(name) ?? toId(group.find(([other]) => other === name)?.[2]);
    if (id === undefined) throw unknown("group", name, "group");
    return id;
  };
  return {
    UID: uid,
    GID: wanted.gid === "" ? (toId(entry?.[3]) ?? 0) : groupId(wanted.gid),
    AdditionalGids: wanted.additionalGids.map(groupId),
    Username: "",
  };
}

function toId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

function unknown(kind: string, name: string, file: string): KataError {
  return new KataError("not-found", `unable to find ${kind} ${name}: no matching entries in ${file} file`, {
    field: "process.user",
  });
}

function readBelow(sys: FilesPort, rootfs: string, path: string): string[] {
  const root = sys.open(rootfs, { directory: true, pathOnly: true });
  let fd: number;
  try {
    fd = sys.openBeneath(root, path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "EXDEV")) return [];
    throw error;
  } finally {
    sys.close(root);
  }
  try {
    return sys.readText(`/proc/self/fd/${fd}`, FILE_LIMIT).split("\n");
  } finally {
    sys.close(fd);
  }
}
