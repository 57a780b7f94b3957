import type { Address } from "../../../wire/netlink/address.ts";
import { type Link, linkFlags } from "../../../wire/netlink/link.ts";
import type { Neighbor } from "../../../wire/netlink/neighbor.ts";
import type { Route } from "../../../wire/netlink/route.ts";
import type { NetnsFacts } from "../scan.ts";

const mainTable = 254;

export const facts = (fields: Partial<NetnsFacts>): NetnsFacts => ({
  links: [],
  addresses: [],
  routes: [],
  neighbors: [],
  ...fields,
});

type LinkFields = { readonly [Key in keyof Link]?: Link[Key] | undefined };

/** One end of a veth pair that is up; fields that are undefined are left out. */
export function link(index: number, fields: LinkFields = {}): Link {
  const whole: LinkFields = {
    index,
    name: `eth${index}`,
    flags: linkFlags.up,
    type: 1,
    mtu: 1500,
    address: `02:00:00:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`,
    kind: "veth",
    ...fields,
  };
  return whole as Link;
}

/** An address such as `10.0.0.2/24`. */
export function address(linkIndex: number, text: string): Address {
  const [ip = "", length] = text.split("/");
  return { linkIndex, address: ip, prefixLength: Number(length), scope: 0, flags: 0 };
}

/** A route that `ip route add` made; `to` is a prefix or `default`. */
export function route(linkIndex: number, to: string, fields: Partial<Route> = {}): Route {
  const [ip = "", length] = to.split("/");
  const destination = to === "default" ? {} : { destination: { address: ip, prefixLength: Number(length) } };
  const family = `${to}${fields.gateway ?? ""}`.includes(":") ? 6 : 4;
  const rest = { scope: 0, type: 1, protocol: 3, table: mainTable, metric: 0, flags: 0 };
  return { family, linkIndex, ...destination, ...rest, ...fields };
}

/** A permanent entry. */
export const neighbor = (linkIndex: number, ip: string, fields: Partial<Neighbor> = {}): Neighbor => ({
  linkIndex,
  address: ip,
  linkAddress: "02:00:00:00:00:77",
  state: 0x80,
  flags: 0,
  ...fields,
});
