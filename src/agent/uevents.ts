import type { Loop } from "../sys/loop.ts";
import { WOULD_BLOCK } from "../sys/port/files.ts";
import type { Sys } from "../sys/sys.ts";
import { maxUeventBytes, parseUevent, type Uevent } from "../wire/uevent.ts";

const KERNEL_GROUP = 1;

/** Listens for kernel events about devices and hands them to listeners in the order they were added. */
export class Uevents {
  private readonly listeners = new Set<(event: Uevent) => void>();

  constructor(deps: { readonly sys: Sys; readonly loop: Loop }) {
    const { sys, loop } = deps;
    const fd = sys.netlink("uevent", KERNEL_GROUP);
    const buffer = new Uint8Array(maxUeventBytes);
    loop.watch(fd, { read: true }, () => {
      const length = sys.read(fd, buffer);
      if (length === WOULD_BLOCK) return;
      const event = parseUevent(buffer.subarray(0, length));
      if (event !== undefined) for (const listener of [...this.listeners]) listener(event);
    });
  }

  /** Calls `listener` for every event from now on; returns the undo. */
  readonly subscribe = (listener: (event: Uevent) => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
}
