import { KataError } from "../../base/error.ts";
import type { IpPrefix } from "../../wire/netlink/ip-address.ts";
import { checkLinkName, type Link, linkFlags } from "../../wire/netlink/link.ts";
import { type EndpointKind, endpointKind, endpointRule } from "./endpoint-kind.ts";
import type { NetnsFacts } from "./scan.ts";
import { isTapName } from "./tap.ts";

/** An interface of the pod that the VM is to have. */
export interface Endpoint {
  readonly name: string;
  readonly kind: EndpointKind;
  readonly linkIndex: number;
  readonly mac: string;
  readonly mtu: number;
  readonly noArp: boolean;
  readonly addresses: readonly IpPrefix[];
}

export interface EndpointPlan {
  /** By name, as the VM's cards are to be ordered. */
  readonly endpoints: readonly Endpoint[];
  /** Why links with addresses are left out. */
  readonly warnings: readonly string[];
}

/** More interfaces than this in one pod are taken for a mistake. */
const MAX_ENDPOINTS = 64;
/** As many as the agent takes. */
const MAX_ADDRESSES = 256;

/**
 * The interfaces of a pod that its VM is to have: all that have an address, without loopback and our own taps. Throws
 * KataError that names the link, its kind and the rule: `unimplemented`, `invalid-argument`, `resource-exhausted`,
 * `failed-precondition`.
 */
export function planEndpoints(facts: Pick<NetnsFacts, "links" | "addresses">): EndpointPlan {
  const endpoints: Endpoint[] = [];
  const warnings: string[] = [];
  const links = [...facts.links].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const link of links) {
    if ((link.flags & linkFlags.loopback) !== 0 || (link.kind === "tun" && isTapName(link.name))) continue;
    const addresses = facts.addresses
      .filter(({ linkIndex, address }) => linkIndex === link.index && !isLocal(address))
      .map(({ address, prefixLength }) => ({ address, prefixLength }));
    // Tunnels that every namespace has, and links that are not ready.
    if (addresses.length === 0) continue;
    const kind = endpointKind(link);
    const rule = endpointRule(kind);
    if (rule.use === "skip") warnings.push(`${describe(link, kind)} is left out: ${rule.why}`);
    else if (rule.use === "refuse")
      throw problem("unimplemented", `${describe(link, kind)} cannot be used: ${rule.why}`);
    else endpoints.push(checked(link, kind, addresses));
  }
  if (endpoints.length > MAX_ENDPOINTS) {
    throw problem(
      "resource-exhausted",
      `The pod has ${endpoints.length} network interfaces, a VM takes at most ${MAX_ENDPOINTS}`,
    );
  }
  checkMacs(endpoints);
  return { endpoints, warnings };
}

function checked(link: Link, kind: EndpointKind, addresses: readonly IpPrefix[]): Endpoint {
  const { index: linkIndex, name, address: mac, mtu, flags } = link;
  checkLinkName(name);
  // The guest finds the interface by it.
  if (!/^([\da-f]{2}:){5}[\da-f]{2}$/.test(mac) || mac === "00:00:00:00:00:00") {
    throw problem("invalid-argument", `${describe(link, kind)} must have a MAC address, got ${JSON.stringify(mac)}`);
  }
  if (addresses.length > MAX_ADDRESSES) {
    throw problem(
      "resource-exhausted",
      `${describe(link, kind)} has ${addresses.length} addresses, the guest takes at most ${MAX_ADDRESSES}`,
    );
  }
  return { name, kind, linkIndex, mac, mtu, noArp: (flags & linkFlags.noArp) !== 0, addresses };
}

function checkMacs(endpoints: readonly Endpoint[]): void {
  const byMac = new Map<string, string>();
  for (const { mac, name } of endpoints) {
    const other = byMac.get(mac);
    if (other !== undefined) {
      throw problem("failed-precondition", `Interfaces ${other} and ${name} have the same MAC address ${mac}`);
    }
    byMac.set(mac, name);
  }
}

/** Every interface gets these addresses by itself (RFC 4291 section 2.5.6, RFC 1122 section 3.2.1.3). */
function isLocal(address: string): boolean {
  return /^fe[89ab][\da-f]:/.test(address) || address === "::1" || address.startsWith("127.");
}

function describe({ name }: Pick<Link, "name">, kind: EndpointKind): string {
  return `Interface ${JSON.stringify(name)} of kind ${kind}`;
}

function problem(code: ConstructorParameters<typeof KataError>[0], message: string): KataError {
  return new KataError(code, message, { field: "linux.namespaces" });
}
