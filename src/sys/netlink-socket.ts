import type { Loop } from "./loop.ts";
import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";
import type { SocketsPort } from "./port/sockets.ts";

/** As large as the kernel makes its answers (NLMSG_GOODSIZE of a dump is at most 32 KiB). */
const datagramBytes = 32768;

/** A routing netlink socket of the current network namespace, in which it stays. One reader at a time. */
export class NetlinkSocket {
  private readonly sys: Pick<FilesPort, "read" | "write" | "close">;
  private readonly loop: Loop;
  private readonly fd: number;
  private readonly buffer = new Uint8Array(datagramBytes);
  private closed = false;

  /** Throws SysError. */
  constructor(deps: { sys: Pick<FilesPort, "read" | "write" | "close"> & Pick<SocketsPort, "netlink">; loop: Loop }) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.fd = deps.sys.netlink("route", 0);
  }

  /** Throws SysError. */
  send(datagram: Uint8Array): void {
    this.sys.write(this.fd, datagram);
  }

  /** The next datagram, borrowed until the next call. Rejects with SysError. */
  async receive(): Promise<Uint8Array> {
    for (;;) {
      const length = this.sys.read(this.fd, this.buffer);
      if (length !== WOULD_BLOCK) return this.buffer.subarray(0, length);
      await this.readable();
    }
  }

  /** May be called once nobody waits in `receive`; harmless when repeated. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.sys.close(this.fd);
  }

  private readable(): Promise<void> {
    return new Promise((resolve) => {
      const watch = this.loop.watch(this.fd, { read: true }, () => {
        watch.stop();
        resolve();
      });
    });
  }
}
