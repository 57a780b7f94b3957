import { KataError } from "../../base/error.ts";
import type { ARPNeighbor, Route } from "../../wire/gen/agent/types.ts";
import { IPFamily } from "../../wire/gen/agent/types.ts";
import { scopes } from "../../wire/netlink/address.ts";
import type { RtnetlinkClient } from "../../wire/netlink/client.ts";
import { type IpFamily, parsePrefix } from "../../wire/netlink/ip-address.ts";
import { type Link, linkFlags } from "../../wire/netlink/link.ts";
import {
  type Route as KernelRoute,
  type NewRoute,
  routeProtocols,
  routeTables,
  routeTypes,
} from "../../wire/netlink/route.ts";
import { invalid } from "../container/rules.ts";

const ROUTE_LIMIT = 4096;

/**
 * Replaces the routes of the main table, except those that the kernel made for addresses. Routes to links come first,
 * so that gateways are reachable when the others are added.
 */
export async function updateRoutes(net: RtnetlinkClient, wanted: readonly Route[]): Promise<Route[]> {
  if (wanted.length > ROUTE_LIMIT)
    throw invalid("routes", `At most ${ROUTE_LIMIT} routes can be set, got ${wanted.length}`);
  const links = await net.links();
  const routes = wanted.map((route) => newRoute(links, route));
  for (const route of await net.routes()) {
    const loopback = links.some(({ index, flags }) => index === route.linkIndex && (flags & linkFlags.loopback) !== 0);
    if (isOurs(route) && !loopback) await ignoring("not-found", net.deleteRoute(route));
  }
  for (const near of [true, false]) {
    for (const route of routes) {
      if ((route.gateway === undefined) === near) await ignoring("already-exists", net.addRoute(route));
    }
  }
  return listRoutes(net);
}

function isOurs(route: KernelRoute): boolean {
  return (
    route.table === routeTables.main && route.type === routeTypes.unicast && route.protocol !== routeProtocols.kernel
  );
}

function newRoute(links: readonly Link[], route: Route): NewRoute {
  const family: IpFamily = route.family === IPFamily.v6 ? 6 : 4;
  const link = links.find(({ name }) => name === route.device);
  if (link === undefined)
    throw new KataError("not-found", `Link not found (Name: ${JSON.stringify(route.device)})`, { field: "device" });
  const anywhere = route.dest === "" || /^(?:0\.0\.0\.0|::)\/0$/.test(route.dest);
  return {
    family,
    linkIndex: link.index,
    ...(anywhere ? {} : { destination: parsePrefix(route.dest) }),
    ...(route.gateway === "" ? {} : { gateway: parsePrefix(route.gateway).address }),
    ...(route.source === "" ? {} : { source: parsePrefix(route.source).address }),
    ...(route.mtu === 0 ? {} : { mtu: route.mtu }),
    scope: route.scope & 0xff,
    flags: route.flags,
  };
}

async function ignoring(code: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof KataError) || error.code !== code) throw error;
  }
}

/** The unicast routes of the main table. */
export async function listRoutes(net: RtnetlinkClient): Promise<Route[]> {
  const names = new Map((await net.links()).map(({ index, name }) => [index, name]));
  return (await net.routes())
    .filter(({ table, type }) => table === routeTables.main && type === routeTypes.unicast)
    .map((route) => ({
      dest: route.destination === undefined ? "" : `${route.destination.address}/${route.destination.prefixLength}`,
      gateway: route.gateway ?? "",
      device: names.get(route.linkIndex ?? -1) ?? "",
      source: route.source ?? "",
      scope: route.scope ?? scopes.universe,
      family: route.family === 6 ? IPFamily.v6 : IPFamily.v4,
      flags: route.flags,
      mtu: route.mtu ?? 0,
    }));
}

/** Adds entries to the neighbour table, replacing those with the same address. */
export async function addNeighbors(net: RtnetlinkClient, wanted: readonly ARPNeighbor[]): Promise<void> {
  if (wanted.length > ROUTE_LIMIT)
    throw invalid("neighbors", `At most ${ROUTE_LIMIT} neighbours can be set, got ${wanted.length}`);
  const links = await net.links();
  for (const { toIPAddress, device, lladdr, state, flags } of wanted) {
    const link = links.find(({ name }) => name === device);
    if (link === undefined)
      throw new KataError("not-found", `Link not found (Name: ${JSON.stringify(device)})`, { field: "device" });
    const { address } = parsePrefix(toIPAddress?.address ?? "");
    await net.setNeighbor({
      linkIndex: link.index,
      address,
      ...(lladdr === "" ? {} : { linkAddress: lladdr }),
      state: state & 0xffff,
      flags: flags & 0xff,
    });
  }
}
