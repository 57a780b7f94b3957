import { SysError } from "./error.ts";
import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";
import type { SocketsPort } from "./port/sockets.ts";

/** As large as the kernel makes its answers (NLMSG_GOODSIZE of a dump is at most 32 KiB). */
const datagramBytes = 32768;

/**
 * A routing netlink socket of the current network namespace, in which it stays. The kernel answers a request, or another
 * piece of a list, before the call that asks for it returns: nothing is ever waited for.
 */
export class NetlinkSocket {
  private readonly sys: Pick<FilesPort, "read" | "write" | "close">;
  private readonly fd: number;
  private readonly buffer = new Uint8Array(datagramBytes);
  private closed = false;

  /** Throws SysError. */
  constructor({ sys }: { readonly sys: Pick<FilesPort, "read" | "write" | "close"> & Pick<SocketsPort, "netlink"> }) {
    this.sys = sys;
    this.fd = sys.netlink("route", 0);
  }

  /** Throws SysError. */
  send(datagram: Uint8Array): void {
    this.sys.write(this.fd, datagram);
  }

  /** The next datagram, borrowed until the next call. Throws SysError, EAGAIN when the kernel has nothing to say. */
  receive(): Uint8Array {
    const length = this.sys.read(this.fd, this.buffer);
    if (length === WOULD_BLOCK) throw new SysError("netlink", 11, "EAGAIN", "The kernel did not answer");
    return this.buffer.subarray(0, length);
  }

  /** Harmless when repeated. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.sys.close(this.fd);
  }
}
