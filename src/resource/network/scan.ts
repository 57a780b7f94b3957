import type { Address } from "../../wire/netlink/address.ts";
import type { RtnetlinkClient } from "../../wire/netlink/client.ts";
import type { Link } from "../../wire/netlink/link.ts";
import type { Neighbor } from "../../wire/netlink/neighbor.ts";
import type { Route } from "../../wire/netlink/route.ts";

/** What the kernel tells about a network namespace. */
export interface NetnsFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  readonly neighbors: readonly Neighbor[];
}

/** Reads a network namespace. Rejects with KataError. */
export async function scanNetns(net: RtnetlinkClient): Promise<NetnsFacts> {
  return {
    links: await net.links(),
    addresses: await net.addresses(),
    routes: await net.routes(),
    neighbors: await net.neighbors(),
  };
}
