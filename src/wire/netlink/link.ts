import { KataError } from "../../base/error.ts";
import { NetlinkReader, NetlinkWriter } from "./buffer.ts";
import { formatMac, parseMac } from "./ip-address.ts";

/** A network interface (rtnetlink(7), ifinfomsg). */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Bits of `linkFlags`. */
  readonly flags: number;
  /** ARPHRD_ type: 1 Ethernet, 772 loopback. */
  readonly type: number;
  readonly mtu: number;
  /** Link-layer address as `02:00:ac:11:00:02`; empty for links without one. */
  readonly address: string;
  /** Driver kind such as `veth`; absent for physical and virtio devices. */
  readonly kind?: string;
  /** Index of the bridge or bond it belongs to. */
  readonly master?: number;
  /** Index of the link below it (VLAN, macvlan), or of the other end of a veth pair. */
  readonly parent?: number;
  /** Name of the hardware device behind it, such as `0000:00:03.0`; absent for virtual links. */
  readonly device?: string;
}

/** Interface flags (netdevice(7)). */
export const linkFlags = { up: 1, broadcast: 2, loopback: 8, running: 0x40, noArp: 0x80 } as const;

/** What can be changed at an interface; what is absent stays. */
export interface LinkChange {
  /** A link must be down to be renamed on kernels before 6.6. */
  readonly name?: string;
  readonly mtu?: number;
  readonly address?: string;
  readonly up?: boolean;
  readonly noArp?: boolean;
  /** Index of a bridge; 0 takes the link out of it. */
  readonly master?: number;
}

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_PARENT_DEV_NAME = 56;
const IFLA_INFO_KIND = 1;
const headerLength = 16;

/** Payload of RTM_SETLINK or RTM_DELLINK for the link with this index. Throws KataError `invalid-argument`. */
export function encodeLinkChange(index: number, change: LinkChange): Uint8Array {
  const bit = (value: boolean | undefined, flag: number) => (value === undefined ? 0 : flag);
  const mask = bit(change.up, linkFlags.up) | bit(change.noArp, linkFlags.noArp);
  const flags = (change.up === true ? linkFlags.up : 0) | (change.noArp === true ? linkFlags.noArp : 0);
  return writeChange(header(index, flags, mask), change).finish();
}

/** Payload of RTM_NEWLINK for a new link of a kind such as `dummy` or `bridge`. Throws KataError `invalid-argument`. */
export function encodeNewLink(name: string, kind: string, change: LinkChange): Uint8Array {
  const flags = change.up === true ? linkFlags.up : 0;
  return writeChange(header(0, flags, flags), { ...change, name })
    .attributeNested(IFLA_LINKINFO, (info) => info.attributeText(IFLA_INFO_KIND, kind))
    .finish();
}

/** Payload of a dump of all links. */
export function encodeLinkDump(): Uint8Array {
  return header(0, 0, 0).finish();
}

/** Decodes the payload of RTM_NEWLINK; undefined when it is too short to be one. */
export function decodeLink(payload: Uint8Array): Link | undefined {
  if (payload.length < headerLength) return undefined;
  const reader = new NetlinkReader(payload);
  const attributes = reader.attributes(headerLength);
  const kind = attributes.nested(IFLA_LINKINFO)?.text(IFLA_INFO_KIND);
  const master = attributes.u32(IFLA_MASTER);
  const parent = attributes.u32(IFLA_LINK);
  const device = attributes.text(IFLA_PARENT_DEV_NAME);
  return {
    index: reader.i32(4),
    name: attributes.text(IFLA_IFNAME) ?? "",
    flags: reader.u32(8),
    type: reader.u16(2),
    mtu: attributes.u32(IFLA_MTU) ?? 0,
    address: formatMac(attributes.bytes(IFLA_ADDRESS) ?? new Uint8Array(0)),
    ...(kind === undefined ? {} : { kind }),
    ...(master === undefined ? {} : { master }),
    ...(parent === undefined ? {} : { parent }),
    ...(device === undefined ? {} : { device }),
  };
}

/**
 * Checks an interface name as the kernel does (net/core/dev.c, dev_valid_name): 1 to 15 bytes, no slash, colon or white
 * space, not `.` or `..`. Throws KataError `invalid-argument`.
 */
export function checkLinkName(name: string): void {
  if (/^[\x21-\x7e]{1,15}$/.test(name) && !/[/:]/.test(name) && name !== "." && name !== "..") return;
  throw new KataError(
    "invalid-argument",
    `Interface name must be 1 to 15 printable ASCII characters without "/" and ":", got ${JSON.stringify(name.slice(0, 64))}`,
  );
}

function header(index: number, flags: number, mask: number): NetlinkWriter {
  return new NetlinkWriter().u8(0).u8(0).u16(0).u32(index).u32(flags).u32(mask);
}

function writeChange(writer: NetlinkWriter, { name, mtu, address, master }: LinkChange): NetlinkWriter {
  if (name !== undefined) {
    checkLinkName(name);
    writer.attributeText(IFLA_IFNAME, name);
  }
  if (mtu !== undefined) {
    if (!Number.isInteger(mtu) || mtu < 0 || mtu > 0x7fffffff)
      throw new KataError("invalid-argument", `Not an MTU: ${mtu}`);
    writer.attributeU32(IFLA_MTU, mtu);
  }
  if (address !== undefined) writer.attribute(IFLA_ADDRESS, parseMac(address));
  if (master !== undefined) writer.attributeU32(IFLA_MASTER, master);
  return writer;
}
