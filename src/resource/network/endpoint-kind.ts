import type { Link } from "../../wire/netlink/link.ts";

/** ARPHRD_ETHER of linux/if_arp.h. */
const ETHERNET = 1;

/** What becomes of a link of a pod. */
export type EndpointRule =
  /** It is joined to a network card of the VM. */
  | { readonly use: "join" }
  /** The pod cannot start: it would lack a network that it was given. */
  | { readonly use: "refuse"; readonly why: string }
  /** It means nothing to the guest. */
  | { readonly use: "skip"; readonly why: string };

/** Links that a pod can have, by the names that upstream gives them. */
const rules = {
  veth: { use: "join" },
  /** A virtual Ethernet link whose driver does not say what it is. */
  device: { use: "join" },
  macvlan: { use: "refuse", why: "macvlan interfaces are not supported" },
  ipvlan: { use: "refuse", why: "ipvlan interfaces are not supported" },
  macvtap: { use: "refuse", why: "macvtap interfaces are not supported" },
  vlan: { use: "refuse", why: "VLAN interfaces are not supported" },
  tap: { use: "refuse", why: "tap interfaces made by others are not supported" },
  tuntap: { use: "refuse", why: "tun interfaces are not supported: they carry no Ethernet frames" },
  physical: { use: "refuse", why: "physical interfaces, which need VFIO, are not supported" },
  other: { use: "skip", why: "interfaces of this type are not joined to VMs" },
} as const satisfies Record<string, EndpointRule>;

export type EndpointKind = keyof typeof rules;

/** Driver kinds of rtnetlink that are endpoints. */
const kindsByDriver: Readonly<Record<string, EndpointKind>> = {
  veth: "veth",
  macvlan: "macvlan",
  macvtap: "macvtap",
  ipvlan: "ipvlan",
  ipvtap: "ipvlan",
  vlan: "vlan",
};

/** What a link is. vhost-user has no link at all: it is told apart by configuration, not here. */
export function endpointKind({ kind, type, device }: Pick<Link, "kind" | "type" | "device">): EndpointKind {
  if (kind === "tun") return type === ETHERNET ? "tap" : "tuntap";
  if (kind !== undefined) return Object.hasOwn(kindsByDriver, kind) ? (kindsByDriver[kind] ?? "other") : "other";
  if (device !== undefined) return "physical";
  return type === ETHERNET ? "device" : "other";
}

export function endpointRule(kind: EndpointKind): EndpointRule {
  return rules[kind];
}
