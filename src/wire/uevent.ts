import { utf8Decode } from "../base/bytes.ts";

/** A kernel object event (lib/kobject_uevent.c): a device came, went or changed. */
export interface Uevent {
  /** Such as `add`, `remove`, `change`, `bind`. */
  readonly action: string;
  /** Path below /sys, such as `/devices/pci0000:00/0000:00:03.0/virtio1`. */
  readonly devicePath: string;
  /** What the event says, such as SUBSYSTEM, DEVNAME, MAJOR, MINOR, SEQNUM. */
  readonly properties: ReadonlyMap<string, string>;
}

/** The kernel's own bound on an event (UEVENT_BUFFER_SIZE) is 2 KiB; a datagram above this is not one. */
export const maxUeventBytes = 8192;

/**
 * Parses a datagram of a `uevent` netlink socket: `add@/devices/...`, then `KEY=value` pairs, each ended by a zero byte.
 * Returns undefined for anything else, such as the copies that udev sends around, which begin with `libudev`.
 */
export function parseUevent(datagram: Uint8Array): Uevent | undefined {
  if (datagram.length > maxUeventBytes) return undefined;
  const [head = "", ...pairs] = utf8Decode(datagram).split("\0");
  const at = head.indexOf("@");
  if (at <= 0 || head[at + 1] !== "/") return undefined;
  const properties = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals > 0) properties.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return { action: head.slice(0, at), devicePath: head.slice(at + 1), properties };
}
