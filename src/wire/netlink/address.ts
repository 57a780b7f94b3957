import { NetlinkReader, NetlinkWriter } from "./buffer.ts";
import { familyNumber, familyOf } from "./family.ts";
import { formatIp, type IpFamily, type IpPrefix, ipFamily, parseIp } from "./ip-address.ts";

/** An address of an interface (rtnetlink(7), ifaddrmsg). */
export interface Address extends IpPrefix {
  /** Index of the link it belongs to. */
  readonly linkIndex: number;
  /** One of `scopes`. */
  readonly scope: number;
  /** Bits of `addressFlags`. */
  readonly flags: number;
  readonly broadcast?: string;
  /** The other end of a point-to-point link. */
  readonly peer?: string;
}

/** What a new address needs at least. */
export type NewAddress = Pick<Address, "linkIndex" | "address" | "prefixLength"> & Partial<Address>;

/** How far addresses and routes reach (rtnetlink(7)). */
export const scopes = { universe: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

/** Address flags (rtnetlink(7)); `noDad` skips duplicate address detection, so that an IPv6 address works at once. */
export const addressFlags = { noDad: 2, tentative: 0x40, permanent: 0x80 } as const;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;
const headerLength = 8;

/** Payload of RTM_NEWADDR or RTM_DELADDR. Throws KataError `invalid-argument` for texts that are no addresses. */
export function encodeAddress(address: NewAddress): Uint8Array {
  const { linkIndex, prefixLength, scope = scopes.universe, flags = 0 } = address;
  const local = parseIp(address.address);
  const family = ipFamily(address.address);
  const writer = new NetlinkWriter()
    .u8(familyNumber(family))
    .u8(prefixLength)
    .u8(flags & 0xff)
    .u8(scope)
    .u32(linkIndex)
    .attribute(IFA_LOCAL, local)
    .attribute(IFA_ADDRESS, address.peer === undefined ? local : parseIp(address.peer));
  if (address.broadcast !== undefined) writer.attribute(IFA_BROADCAST, parseIp(address.broadcast));
  if (flags !== 0) writer.attributeU32(IFA_FLAGS, flags);
  return writer.finish();
}

/** Payload of a dump of the addresses of one version, or of both. */
export function encodeAddressDump(family?: IpFamily): Uint8Array {
  return new NetlinkWriter().u8(familyNumber(family)).u8(0).u8(0).u8(0).u32(0).finish();
}

/** Decodes the payload of RTM_NEWADDR; undefined for other address families and for what is too short. */
export function decodeAddress(payload: Uint8Array): Address | undefined {
  const reader = new NetlinkReader(payload);
  const family = familyOf(reader.u8(0));
  if (payload.length < headerLength || family === undefined) return undefined;
  const attributes = reader.attributes(headerLength);
  const ip = (type: number) => ipOf(attributes.bytes(type), family);
  const end = ip(IFA_ADDRESS);
  const address = ip(IFA_LOCAL) ?? end;
  if (address === undefined) return undefined;
  const broadcast = ip(IFA_BROADCAST);
  return {
    linkIndex: reader.u32(4),
    address,
    prefixLength: reader.u8(1),
    scope: reader.u8(3),
    flags: attributes.u32(IFA_FLAGS) ?? reader.u8(2),
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(end === undefined || end === address ? {} : { peer: end }),
  };
}

/** The address in these bytes, if they are as many as the version has. */
export function ipOf(bytes: Uint8Array | undefined, family: IpFamily): string | undefined {
  return bytes?.length === (family === 4 ? 4 : 16) ? formatIp(bytes) : undefined;
}
