import { type Clock, sleep } from "../../base/clock.ts";
import type { FilesPort } from "../../sys/port/files.ts";

const SET_GID = 0o2000;
const BATCH = 256;

/**
 * Gives a volume to a group: every file's group changes, the group may do what the owner may, directories hand the
 * group on. With `onlyOnMismatch` nothing happens when the root belongs to the group already. Works in batches, so
 * that a large volume does not keep the agent from answering.
 */
export async function giveToGroup(
  { sys, clock }: { readonly sys: FilesPort; readonly clock: Clock },
  root: string,
  gid: number,
  onlyOnMismatch: boolean,
): Promise<void> {
  const top = sys.lstat(root);
  if (onlyOnMismatch && top.gid === gid && (top.mode & SET_GID) !== 0) return;
  const pending = [root];
  let done = 0;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stat = sys.lstat(path);
    sys.chown(path, stat.uid, gid);
    if (stat.kind === "symlink") continue;
    const directory = stat.kind === "directory";
    sys.chmod(path, stat.mode | ((stat.mode & 0o700) >> 3) | (directory ? SET_GID | 0o070 : 0o060));
    if (directory) for (const { name } of sys.readDir(path)) pending.push(`${path}/${name}`);
    if (++done % BATCH === 0) await sleep(clock, 0);
  }
}
