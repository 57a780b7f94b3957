import type { ChannelAddress } from "../hypervisor/hypervisor.ts";

/** A channel's address as a URL, in upstream's schemes. */
export function channelUrl(address: ChannelAddress): string {
  switch (address.kind) {
    case "port":
      return `unix://${address.path}`;
    case "hybrid-vsock":
      return `hvsock://${address.path}:${address.port}`;
    case "vsock":
      return `vsock://${address.cid}:${address.port}`;
    default:
      return address satisfies never;
  }
}
