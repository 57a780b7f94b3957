import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";

/** One hop of a guest PCI path: slot and function on the bus reached so far. */
export interface PciHop {
  readonly slot: number;
  readonly function: number;
}

/** A device's place in the PCI tree: independent of bus numbers, which the guest's kernel hands out. */
export interface PciPath {
  /** Root bus: 0, or a NUMA root bus (0x20 and up). */
  readonly rootBus: number;
  readonly hops: readonly PciHop[];
}

const SLOT_MAX = 0x1f;
const DEPTH_MAX = 8;

/**
 * Parses `02/03` or `02/03.1`: two hexadecimal digits a slot, at most 1f, joined by `/`. A first element of 20 or more
 * names a NUMA root bus instead of a slot.
 */
export function parsePciPath(text: string): PciPath {
  const hops: PciHop[] = [];
  let rootBus = 0;
  const parts = text.split("/");
  for (const [index, part] of parts.entries()) {
    const match = /^([0-9a-f]{2})(?:\.([0-7]))?$/.exec(part);
    const slot = Number.parseInt(match?.[1] ?? "ff", 16);
    if (index === 0 && slot > SLOT_MAX && match !== null && match[2] === undefined) {
      rootBus = slot;
      continue;
    }
    if (match === null || slot > SLOT_MAX) throw malformed(text);
    hops.push({ slot, function: Number(match[2] ?? "0") });
  }
  if (hops.length === 0 || parts.length > DEPTH_MAX) throw malformed(text);
  return { rootBus, hops };
}

function malformed(text: string): KataError {
  return new KataError(
    "invalid-argument",
    `A PCI path must be slots such as 02/03, two hexadecimal digits up to 1f each, got ${JSON.stringify(text)}`,
    { field: "source" },
  );
}

/** The device's directory in sysfs, or undefined while it (or a bridge on the way) is not there. */
export function findPciDevice(sys: FilesPort, path: PciPath): string | undefined {
  let bus = `0000:${hex(path.rootBus)}`;
  let dir: string | undefined;
  for (const [index, hop] of path.hops.entries()) {
    if (dir !== undefined) {
      const child = listNames(sys, `${dir}/pci_bus`)[0];
      if (child === undefined) return undefined;
      bus = child;
    }
    const address = `${bus}:${hex(hop.slot)}.${hop.function}`;
    const candidate = index === 0 ? `/sys/bus/pci/devices/${address}` : `${dir}/${address}`;
    if (!sys.exists(candidate)) return undefined;
    dir = candidate;
  }
  return dir;
}

const hex = (value: number): string => value.toString(16).padStart(2, "0");

/** Names in a sysfs directory; empty when it is not there. */
export function listNames(sys: FilesPort, dir: string): string[] {
  try {
    return sys.readDir(dir).map(({ name }) => name);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
