import { ipOf } from "./address.ts";
import { NetlinkReader, NetlinkWriter } from "./buffer.ts";
import { familyNumber, familyOf } from "./family.ts";
import { formatMac, ipFamily, parseIp, parseMac } from "./ip-address.ts";

/** An entry of the ARP or NDP table (rtnetlink(7), ndmsg). */
export interface Neighbor {
  readonly linkIndex: number;
  readonly address: string;
  /** MAC address; absent while it is not known. */
  readonly linkAddress?: string;
  /** One of `neighborStates`. */
  readonly state: number;
  /** NTF_ flags. */
  readonly flags: number;
}

export const neighborStates = {
  incomplete: 1,
  reachable: 2,
  stale: 4,
  delay: 8,
  probe: 0x10,
  failed: 0x20,
  noArp: 0x40,
  permanent: 0x80,
} as const;

const NDA_DST = 1;
const NDA_LLADDR = 2;
const headerLength = 12;

/** Payload of RTM_NEWNEIGH or RTM_DELNEIGH. Throws KataError `invalid-argument` for texts that are no addresses. */
export function encodeNeighbor({ linkIndex, address, linkAddress, state, flags }: Neighbor): Uint8Array {
  const writer = new NetlinkWriter()
    .u8(familyNumber(ipFamily(address)))
    .u8(0)
    .u16(0)
    .u32(linkIndex)
    .u16(state)
    .u8(flags)
    .u8(0)
    .attribute(NDA_DST, parseIp(address));
  if (linkAddress !== undefined) writer.attribute(NDA_LLADDR, parseMac(linkAddress));
  return writer.finish();
}

/** Payload of a dump of the tables of both IP versions. */
export function encodeNeighborDump(): Uint8Array {
  return new NetlinkWriter().u32(0).u32(0).u32(0).finish();
}

/** Decodes the payload of RTM_NEWNEIGH; undefined for other address families and for what is too short. */
export function decodeNeighbor(payload: Uint8Array): Neighbor | undefined {
  const reader = new NetlinkReader(payload);
  const family = familyOf(reader.u8(0));
  if (payload.length < headerLength || family === undefined) return undefined;
  const attributes = reader.attributes(headerLength);
  const address = ipOf(attributes.bytes(NDA_DST), family);
  if (address === undefined) return undefined;
  const linkAddress = attributes.bytes(NDA_LLADDR);
  return {
    linkIndex: reader.i32(4),
    address,
    ...(linkAddress === undefined ? {} : { linkAddress: formatMac(linkAddress) }),
    state: reader.u16(8),
    flags: reader.u8(10),
  };
}
