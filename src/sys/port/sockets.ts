/** Where a stream socket listens or connects. */
export type SocketAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** Any context id, for listening on vsock. */
export const VMADDR_CID_ANY = 0xffffffff;

/** Stream sockets and descriptor passing; all descriptors are non-blocking. Calls throw SysError. */
export interface SocketsPort {
  /**
   * Bound and listening. A unix path over 107 bytes throws ENAMETOOLONG (sun_path, unix(7)); `mode` are the socket
   * file's permissions, 0o600 unless said otherwise. TCP hosts are IPv4 or IPv6 literals.
   */
  listen(address: SocketAddress, options?: { readonly backlog?: number; readonly mode?: number }): number;
  /** Begins to connect: the descriptor turns writable when done, then `connectError` tells how it went. */
  connect(address: SocketAddress): number;
  /** The pending error of a connecting socket (SO_ERROR), undefined when connected. */
  connectError(fd: number): Error | undefined;
  /** Accepts one connection, or WOULD_BLOCK. */
  accept(fd: number): number;
  /** A connected pair of unix stream sockets. */
  socketPair(): readonly [number, number];
  /** A pipe, read end first. Both ends are blocking unless `nonBlocking`. */
  pipe(options?: { readonly nonBlocking?: boolean }): readonly [number, number];
  /** Sets a pipe's capacity in bytes (F_SETPIPE_SZ); returns the size the kernel chose. */
  setPipeSize(fd: number, bytes: number): number;
  setNonBlocking(fd: number, on: boolean): void;
  duplicate(fd: number): number;
  /** Sends bytes with descriptors (SCM_RIGHTS); at most 64. Returns bytes sent or WOULD_BLOCK. */
  sendDescriptors(fd: number, bytes: Uint8Array, descriptors: readonly number[]): number;
  /** Receives bytes with descriptors; `received` is 0 at end of stream or WOULD_BLOCK. Truncated control data throws EMSGSIZE after closing what came. */
  receiveDescriptors(
    fd: number,
    buffer: Uint8Array,
  ): { readonly received: number; readonly descriptors: readonly number[] };
  shutdown(fd: number, how: "read" | "write" | "both"): void;
  /** Who is at the other end of a unix socket (SO_PEERCRED). */
  peer(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
  /** A netlink socket bound to `groups` (netlink(7)): `route` for rtnetlink, `uevent` for kobject events. */
  netlink(protocol: "route" | "uevent", groups: number): number;
  /**
   * A queue of a tap of the current network namespace: whole Ethernet frames, each behind a virtio header. The tap is made
   * unless it exists, which is EBUSY with `exclusive`; it is gone when the last of its descriptors is closed. Only a tap whose
   * every queue is opened with `multiQueue` can have several.
   */
  openTap(name: string, options?: { readonly multiQueue?: boolean; readonly exclusive?: boolean }): number;
}
