import { KataError } from "../../base/error.ts";
import { type ARPNeighbor, type Route as GuestRoute, type Interface, IPFamily } from "../../wire/gen/agent/types.ts";
import { type IpFamily, ipFamily, parseIp } from "../../wire/netlink/ip-address.ts";
import { linkFlags } from "../../wire/netlink/link.ts";
import { type Neighbor, neighborStates } from "../../wire/netlink/neighbor.ts";
import { type Route, routeFlags, routeProtocols, routeTables, routeTypes } from "../../wire/netlink/route.ts";
import type { Endpoint } from "./endpoint.ts";
import type { NetnsFacts } from "./scan.ts";

/** What the agent is to be told, so that the guest's network is the pod's. */
export interface GuestNetwork {
  readonly interfaces: readonly Interface[];
  readonly routes: readonly GuestRoute[];
  readonly neighbors: readonly ARPNeighbor[];
}

/** As many as the agent takes. */
const MAX_ROUTES = 4096;
const MAX_NEIGHBORS = 4096;

/** The states in which the kernel uses an entry's link address (rtnetlink(7)). */
const { reachable, stale, delay, probe, permanent } = neighborStates;
const usable = reachable | stale | delay | probe | permanent;

/**
 * The guest's side of a pod's network. Routes are those of the main table that lead over the endpoints, without the ones
 * that the guest's kernel makes by itself, best first: where two have the same destination, the guest takes the first.
 * Neighbours are permanent entries, and gateways of default routes. Throws KataError `resource-exhausted`.
 */
export function guestNetwork(endpoints: readonly Endpoint[], facts: NetnsFacts): GuestNetwork {
  const names = new Map(endpoints.map(({ linkIndex, name }) => [linkIndex, name]));
  const own = facts.routes
    .filter((route) => isForGuest(route) && names.has(route.linkIndex ?? -1))
    .sort((a, b) => a.metric - b.metric);
  const gateways = new Set(own.filter(({ destination }) => destination === undefined).map(({ gateway }) => gateway));
  const neighbors = facts.neighbors.filter(
    (neighbor) => names.has(neighbor.linkIndex) && isWorthTelling(neighbor, gateways),
  );
  atMost("routes", own.length, MAX_ROUTES);
  atMost("neighbour entries", neighbors.length, MAX_NEIGHBORS);
  return {
    interfaces: endpoints.map(guestInterface),
    routes: own.map((route) => guestRoute(route, names.get(route.linkIndex ?? -1) ?? "")),
    neighbors: neighbors.map((neighbor) => guestNeighbor(neighbor, names.get(neighbor.linkIndex) ?? "")),
  };
}

function isForGuest({ table, type, protocol }: Route): boolean {
  return table === routeTables.main && type === routeTypes.unicast && protocol !== routeProtocols.kernel;
}

function isWorthTelling({ linkAddress, state, address }: Neighbor, gateways: ReadonlySet<string | undefined>): boolean {
  if (linkAddress === undefined || (state & usable) === 0) return false;
  return (state & permanent) !== 0 || gateways.has(address);
}

function guestInterface({ name, kind, mac, mtu, noArp, addresses }: Endpoint): Interface {
  return {
    device: name,
    name,
    IPAddresses: addresses.map(({ address, prefixLength }) => ({
      family: wireFamily(ipFamily(address)),
      address,
      mask: String(prefixLength),
    })),
    mtu: BigInt(mtu),
    hwAddr: mac,
    devicePath: "",
    type: kind,
    rawFlags: noArp ? linkFlags.noArp : 0,
  };
}

function guestRoute({ destination, gateway, source, scope, family, flags, mtu }: Route, device: string): GuestRoute {
  return {
    dest: destination === undefined ? "" : `${destination.address}/${destination.prefixLength}`,
    gateway: gateway ?? "",
    device,
    source: source ?? "",
    scope,
    family: wireFamily(family),
    // The others tell about the host's link.
    flags: flags & routeFlags.onLink,
    mtu: mtu ?? 0,
  };
}

function guestNeighbor({ address, linkAddress, state, flags }: Neighbor, device: string): ARPNeighbor {
  return {
    toIPAddress: { family: wireFamily(ipFamily(address)), address, mask: String(parseIp(address).length * 8) },
    device,
    lladdr: linkAddress ?? "",
    state,
    flags,
  };
}

function wireFamily(family: IpFamily): IPFamily {
  return family === 6 ? IPFamily.v6 : IPFamily.v4;
}

function atMost(what: string, count: number, most: number): void {
  if (count <= most) return;
  throw new KataError("resource-exhausted", `The pod has ${count} ${what}, the guest takes at most ${most}`, {
    field: "linux.namespaces",
  });
}
