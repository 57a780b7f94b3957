import type { ByteStream } from "../base/byte-stream.ts";
import type { CallOptions } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import type { ChannelAddress } from "../hypervisor/hypervisor.ts";
import { connectStream, type SocketSys } from "../sys/connect.ts";
import type { Loop } from "../sys/loop.ts";

/** Opens one channel to the agent. Rejects when nothing answers there yet: try again until your deadline. */
export type OpenChannel = (address: ChannelAddress, options: Required<CallOptions>) => Promise<ByteStream>;

/**
 * How long one try to open a channel may take. A request that reaches a guest whose driver is up while nobody listens yet
 * can be lost without an answer (vhost-device-vsock does that), so tries are short at first; a slow guest gets longer ones.
 */
export class TryPatience {
  private ms = 250;

  /** The timeout of the next try, `remainingMs` before the deadline. */
  bound(remainingMs: number): number {
    return Math.min(remainingMs, this.ms);
  }

  /** Takes note of a failed try. */
  failed(error: unknown): void {
    if (error instanceof KataError && error.code === "deadline-exceeded") this.ms = Math.min(this.ms * 2, 10_000);
  }
}

/** Channels over real sockets. */
export function channelOpener(deps: { readonly sys: SocketSys; readonly loop: Loop }): OpenChannel {
  const { sys, loop } = deps;
  return async (address, options) => {
    switch (address.kind) {
      case "port":
        return connectStream(sys, loop, { kind: "unix", path: address.path }, options);
      case "vsock":
        return connectStream(sys, loop, { kind: "vsock", cid: address.cid, port: address.port }, options);
      case "hybrid-vsock": {
        const stream = await connectStream(sys, loop, { kind: "unix", path: address.path }, options);
        const { hybridVsockHandshake } = await import("../wire/hybrid-vsock.ts");
        return hybridVsockHandshake(stream, address.port, { clock: loop }, options);
      }
      default:
        return address satisfies never;
    }
  };
}

/** An address for messages: `virtio-serial port /run/...`, `vsock 3:1024`. */
export function channelText(address: ChannelAddress): string {
  switch (address.kind) {
    case "port":
      return `virtio-serial port ${address.path}`;
    case "hybrid-vsock":
      return `hybrid vsock ${address.path} port ${address.port}`;
    case "vsock":
      return `vsock ${address.cid}:${address.port}`;
    default:
      return address satisfies never;
  }
}
