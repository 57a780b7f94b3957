import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import { NetlinkSocket } from "../../sys/netlink-socket.ts";
import type { Sys } from "../../sys/sys.ts";
import { RtnetlinkClient } from "../../wire/netlink/client.ts";
import { inNetns, openNetns } from "./netns.ts";

/** A pod's interface that was joined to a VM's tap, as it stands in a sandbox's record. */
export interface JoinedLink {
  /** Path of the network namespace. */
  readonly netns: string;
  /** Inode of the namespace: the path may lead to another one by now. */
  readonly inode: string;
  readonly link: string;
  /** The link's index, which a new name does not change; 0 in records of older programs: the name is all there is. */
  readonly index: number;
  readonly tap: string;
}

/**
 * Takes the redirection off the interface and deletes the tap. Succeeds when there is nothing of it left: a namespace that is
 * gone took all of it along. Rejects with KataError or SysError.
 */
export async function unjoinLink(sys: Sys, { netns, inode, link, index, tap }: JoinedLink): Promise<void> {
  const socket = openSocket(sys, netns, inode);
  if (socket === undefined) return;
  try {
    const net = new RtnetlinkClient({ transport: socket });
    const links = await net.links();
    const linkIndex = links.find((one) => (index === 0 ? one.name === link : one.index === index))?.index;
    const tapIndex = links.find(({ name }) => name === tap)?.index;
    // Without an ingress qdisc the kernel answers EINVAL or ENOENT, depending on its age.
    if (linkIndex !== undefined) await ignoring(["not-found", "invalid-argument"], net.deleteIngress(linkIndex));
    if (tapIndex !== undefined) await ignoring(["not-found"], net.deleteLink(tapIndex));
  } finally {
    socket.close();
  }
}

/** A netlink socket in that very namespace; undefined when it is gone. */
function openSocket(sys: Sys, netns: string, inode: string): NetlinkSocket | undefined {
  let fd: number;
  try {
    fd = openNetns(sys, netns);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ESRCH")) return undefined;
    throw error;
  }
  try {
    if (String(sys.fstat(fd).inode) !== inode) return undefined;
    return inNetns(sys, fd, () => new NetlinkSocket({ sys }));
  } finally {
    sys.close(fd);
  }
}

async function ignoring(codes: readonly string[], work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof KataError) || !codes.includes(error.code)) throw error;
  }
}
