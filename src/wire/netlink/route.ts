import { KataError } from "../../base/error.ts";
import { ipOf, scopes } from "./address.ts";
import { NetlinkReader, NetlinkWriter } from "./buffer.ts";
import { familyNumber, familyOf } from "./family.ts";
import { type IpFamily, type IpPrefix, ipFamily, parseIp } from "./ip-address.ts";

/** A route (rtnetlink(7), rtmsg). */
export interface Route {
  readonly family: IpFamily;
  /** Absent for the default route. */
  readonly destination?: IpPrefix;
  readonly gateway?: string;
  /** Address that packets get as their source. */
  readonly source?: string;
  /** Index of the link it leads over; absent for blackholes and for routes with several next hops. */
  readonly linkIndex?: number;
  /** One of `scopes`. */
  readonly scope: number;
  /** One of `routeTypes`. */
  readonly type: number;
  /** Who made it, one of `routeProtocols`. */
  readonly protocol: number;
  /** Routing table; 254 is the main one. */
  readonly table: number;
  /** Lower wins; 0 when the route has none. */
  readonly metric: number;
  readonly mtu?: number;
  /** Bits of `routeFlags`. */
  readonly flags: number;
}

/** What a new route needs at least. */
export type NewRoute = Pick<Route, "family"> & Partial<Route>;

export const routeTypes = { unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5, blackhole: 6 } as const;
export const routeProtocols = { unspecified: 0, redirect: 1, kernel: 2, boot: 3, static: 4 } as const;
export const routeTables = { main: 254, local: 255 } as const;
/** `onLink` takes the gateway for reachable although no route says so. */
export const routeFlags = { onLink: 4 } as const;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_TABLE = 15;
const RTAX_MTU = 2;
const headerLength = 12;

/**
 * Payload of RTM_NEWROUTE or RTM_DELROUTE: a unicast route of the main table, made by `boot` as `ip` does it, unless said
 * otherwise; its scope is the link for an IPv4 unicast route without a gateway, the whole world for others. Throws KataError
 * `invalid-argument` for texts that are no addresses and for addresses of the other IP version.
 */
export function encodeRoute(route: NewRoute): Uint8Array {
  const { family, destination, gateway, source, linkIndex, metric, mtu } = route;
  const { table = routeTables.main, type = routeTypes.unicast } = route;
  const near = gateway === undefined && family === 4 && type === routeTypes.unicast;
  const bytes = (text: string) => {
    if (ipFamily(text) !== family) {
      throw new KataError("invalid-argument", `Address ${text} does not belong into an IPv${family} route`);
    }
    return parseIp(text);
  };
  const writer = new NetlinkWriter()
    .u8(familyNumber(family))
    .u8(destination?.prefixLength ?? 0)
    .u8(0)
    .u8(0)
    .u8(table > 255 ? 0 : table)
    .u8(route.protocol ?? routeProtocols.boot)
    .u8(route.scope ?? (near ? scopes.link : scopes.universe))
    .u8(type)
    .u32(route.flags ?? 0);
  if (destination !== undefined) writer.attribute(RTA_DST, bytes(destination.address));
  if (gateway !== undefined) writer.attribute(RTA_GATEWAY, bytes(gateway));
  if (source !== undefined) writer.attribute(RTA_PREFSRC, bytes(source));
  if (linkIndex !== undefined) writer.attributeU32(RTA_OIF, linkIndex);
  if (metric !== undefined && metric !== 0) writer.attributeU32(RTA_PRIORITY, metric);
  if (mtu !== undefined) writer.attributeNested(RTA_METRICS, (metrics) => metrics.attributeU32(RTAX_MTU, mtu));
  return writer.attributeU32(RTA_TABLE, table).finish();
}

/** Payload of a dump of the routes of one IP version, or of both. */
export function encodeRouteDump(family?: IpFamily): Uint8Array {
  return new NetlinkWriter().u8(familyNumber(family)).u8(0).u8(0).u8(0).u32(0).u32(0).finish();
}

/** Decodes the payload of RTM_NEWROUTE; undefined for other address families and for what is too short. */
export function decodeRoute(payload: Uint8Array): Route | undefined {
  const reader = new NetlinkReader(payload);
  const family = familyOf(reader.u8(0));
  if (payload.length < headerLength || family === undefined) return undefined;
  const attributes = reader.attributes(headerLength);
  const ip = (type: number) => ipOf(attributes.bytes(type), family);
  const [address, gateway, source] = [ip(RTA_DST), ip(RTA_GATEWAY), ip(RTA_PREFSRC)];
  const linkIndex = attributes.u32(RTA_OIF);
  const mtu = attributes.nested(RTA_METRICS)?.u32(RTAX_MTU);
  return {
    family,
    ...(address === undefined ? {} : { destination: { address, prefixLength: reader.u8(1) } }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(source === undefined ? {} : { source }),
    ...(linkIndex === undefined ? {} : { linkIndex }),
    scope: reader.u8(6),
    type: reader.u8(7),
    protocol: reader.u8(5),
    table: attributes.u32(RTA_TABLE) ?? reader.u8(4),
    metric: attributes.u32(RTA_PRIORITY) ?? 0,
    ...(mtu === undefined ? {} : { mtu }),
    flags: reader.u32(8),
  };
}
