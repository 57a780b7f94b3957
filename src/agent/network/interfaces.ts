import { KataError } from "../../base/error.ts";
import type { Interface } from "../../wire/gen/agent/types.ts";
import { IPFamily } from "../../wire/gen/agent/types.ts";
import { type Address, addressFlags, type NewAddress } from "../../wire/netlink/address.ts";
import type { RtnetlinkClient } from "../../wire/netlink/client.ts";
import { parsePrefix } from "../../wire/netlink/ip-address.ts";
import { checkLinkName, type Link, linkFlags } from "../../wire/netlink/link.ts";
import { invalid } from "../container/rules.ts";

const ADDRESS_LIMIT = 256;

/** Finds the interface of the card at a guest PCI path, waiting for hotplug. */
export type FindByPath = (pciPath: string) => Promise<string>;

/**
 * Gives the interface with this hardware address, or without one the interface at this PCI path, its name, MTU and
 * addresses, and brings it up. Addresses it had are replaced. Throws `not-found` with upstream's text "Link not found",
 * at which hosts try again.
 */
export async function updateInterface(
  net: RtnetlinkClient,
  wanted: Interface,
  findByPath: FindByPath,
): Promise<Interface> {
  checkLinkName(wanted.name);
  const mtu = Number(wanted.mtu);
  if (mtu > 65535) throw invalid("mtu", `mtu must be at most 65535, got ${wanted.mtu}`);
  if (wanted.IPAddresses.length > ADDRESS_LIMIT)
    throw invalid("IPAddresses", `An interface can have at most ${ADDRESS_LIMIT} addresses`);
  const named = wanted.hwAddr === "" && wanted.devicePath !== "" ? await findByPath(wanted.devicePath) : undefined;
  const links = await net.links();
  const hardware = wanted.hwAddr.toLowerCase();
  const link = links.find(({ name, address }) =>
    named === undefined ? address === hardware && address !== "" : name === named,
  );
  if (link === undefined) {
    throw new KataError("not-found", `Link not found (Address: ${JSON.stringify(wanted.hwAddr)})`, { field: "hwAddr" });
  }
  const addresses = wanted.IPAddresses.map(({ address, mask }) => newAddress(link.index, address, mask));

  // A link in use can neither be renamed nor does it forget its old addresses' routes.
  if ((link.flags & linkFlags.up) !== 0) await net.setLink(link.index, { up: false });
  for (const address of await net.addresses()) if (address.linkIndex === link.index) await net.deleteAddress(address);
  await makeRoom(net, links, link, wanted.name);
  await net.setLink(link.index, {
    ...(link.name === wanted.name ? {} : { name: wanted.name }),
    ...(mtu === 0 ? {} : { mtu }),
    noArp: (wanted.rawFlags & linkFlags.noArp) !== 0,
  });
  for (const address of addresses) await net.addAddress(address);
  await net.setLink(link.index, { up: true });
  return wanted;
}

/** The link that has the wanted name takes the other's in exchange. */
async function makeRoom(net: RtnetlinkClient, links: readonly Link[], link: Link, name: string): Promise<void> {
  const holder = links.find((other) => other.name === name && other.index !== link.index);
  if (holder === undefined) return;
  await net.setLink(holder.index, { up: false });
  await net.setLink(holder.index, { name: `swap${holder.index}` });
  await net.setLink(link.index, { name });
  await net.setLink(holder.index, { name: link.name });
  if ((holder.flags & linkFlags.up) !== 0) await net.setLink(holder.index, { up: true });
}

function newAddress(linkIndex: number, address: string, mask: string): NewAddress {
  const prefix = parsePrefix(`${address}/${mask}`);
  // Without duplicate detection an IPv6 address works at once; the host has given it to nobody else.
  return { ...prefix, linkIndex, flags: address.includes(":") ? addressFlags.noDad : 0 };
}

/** Every interface with its addresses. */
export async function listInterfaces(net: RtnetlinkClient): Promise<Interface[]> {
  const [links, addresses] = [await net.links(), await net.addresses()];
  return links.map((link) => ({
    device: link.name,
    name: link.name,
    IPAddresses: addresses.filter(({ linkIndex }) => linkIndex === link.index).map(wireAddress),
    mtu: BigInt(link.mtu),
    hwAddr: link.address,
    devicePath: "",
    type: link.kind ?? "",
    rawFlags: link.flags & linkFlags.noArp,
  }));
}

function wireAddress({ address, prefixLength }: Address) {
  return { family: address.includes(":") ? IPFamily.v6 : IPFamily.v4, address, mask: String(prefixLength) };
}
