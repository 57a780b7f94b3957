import { KataError } from "../../base/error.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import { WOULD_BLOCK } from "../../sys/port/files.ts";
import type { Sys } from "../../sys/sys.ts";

/**
 * The socket over which crun hands out the master side of a terminal it made inside the container
 * (runc's `--console-socket` convention: one message with one descriptor).
 */
export class ConsoleSocket {
  private readonly sys: Sys;
  private readonly loop: Loop;
  readonly path: string;
  private readonly listener: number;
  private readonly watches: Watch[] = [];
  private readonly fds: number[] = [];
  private master: number | undefined;
  private failure: unknown;

  /** Listens at `path`, which must be short enough for a socket address and in a directory of the agent's own. */
  constructor(deps: { readonly sys: Sys; readonly loop: Loop }, path: string) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.path = path;
    this.listener = this.sys.listen({ kind: "unix", path });
    this.fds.push(this.listener);
    this.watches.push(this.loop.watch(this.listener, { read: true }, () => this.accept()));
  }

  /** The master side; to be called when crun has ended successfully. The caller owns it. */
  take(): number {
    // The event may not have been handled yet: crun ends right after sending.
    if (this.master === undefined) this.accept();
    if (this.master === undefined && this.fds[1] !== undefined) this.receive(this.fds[1]);
    if (this.failure !== undefined) throw KataError.from(this.failure);
    if (this.master === undefined) throw new KataError("internal", "crun handed out no terminal");
    const { master } = this;
    this.master = undefined;
    return master;
  }

  /** Removes the socket and what was not taken. */
  close(): void {
    for (const watch of this.watches) watch.stop();
    for (const fd of this.fds) this.sys.close(fd);
    if (this.master !== undefined) this.sys.close(this.master);
    this.sys.unlink(this.path);
  }

  private accept(): void {
    const fd = this.sys.accept(this.listener);
    if (fd === WOULD_BLOCK) return;
    if (this.fds.length > 1) {
      this.sys.close(fd);
      return;
    }
    this.fds.push(fd);
    this.watches.push(this.loop.watch(fd, { read: true }, () => this.receive(fd)));
  }

  private receive(fd: number): void {
    try {
      const { received, descriptors } = this.sys.receiveDescriptors(fd, new Uint8Array(4096));
      const [first, ...others] = descriptors;
      for (const other of others) this.sys.close(other);
      if (first !== undefined) {
        if (this.master === undefined) this.master = first;
        else this.sys.close(first);
      }
      if (received !== WOULD_BLOCK) this.watches[1]?.stop();
    } catch (error) {
      this.failure = error;
      this.watches[1]?.stop();
    }
  }
}
