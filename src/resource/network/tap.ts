import { type Clock, sleep } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { SocketsPort } from "../../sys/port/sockets.ts";
import { NetlinkError } from "../../wire/netlink/netlink-error.ts";

/** What somebody else has just let go of is busy for a moment. */
const BUSY_TRIES = 5;
const BUSY_WAIT_MS = 10;

/** Name of the tap behind the VM's network card of this number. */
export function tapName(number: number): string {
  return `tap${number}_kata`;
}

/** Whether a link has such a name. */
export function isTapName(name: string): boolean {
  return /^tap\d{1,4}_kata$/.test(name);
}

/**
 * Opens the queues of a new tap of the current network namespace: one descriptor for each, the caller's to close. The tap is
 * gone when its last descriptor is closed, whoever dies. Throws SysError, EBUSY when there is such a link.
 */
export function openTap(
  sys: Pick<SocketsPort, "openTap"> & Pick<FilesPort, "close">,
  name: string,
  queues: number,
): readonly number[] {
  const descriptors: number[] = [];
  try {
    for (let queue = 0; queue < queues; queue++) {
      descriptors.push(sys.openTap(name, { multiQueue: queues > 1, exclusive: queue === 0 }));
    }
    return descriptors;
  } catch (error) {
    for (const fd of descriptors) sys.close(fd);
    throw error;
  }
}

/** Repeats a step that finds something busy, a few times. */
export async function whileBusy<T>(clock: Clock, step: () => T | Promise<T>): Promise<T> {
  for (let left = BUSY_TRIES - 1; ; left--) {
    try {
      return await step();
    } catch (error) {
      if (!isBusy(error) || left === 0) throw error;
    }
    await sleep(clock, BUSY_WAIT_MS);
  }
}

/** Whether something failed because somebody else has it. */
export function isBusy(error: unknown): boolean {
  const inner = error instanceof KataError ? error.cause : error;
  return isErrno(inner, "EBUSY") || (inner instanceof NetlinkError && inner.code === "EBUSY");
}
