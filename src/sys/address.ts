import type { SocketAddress } from "./port/sockets.ts";

/** An address as people read it: `unix:/run/x.sock`, `vsock:3:1024`, `tcp:127.0.0.1:80`, `tcp:[::1]:80`. */
export function addressText(address: SocketAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix:${address.path}`;
    case "vsock":
      return `vsock:${address.cid}:${address.port}`;
    case "tcp":
      return `tcp:${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  }
}
