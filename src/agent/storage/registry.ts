import { block, mmioBlock, nvdimm, scsi } from "./block.ts";
import type { StorageDriver } from "./driver.ts";
import { bind, overlay } from "./layered.ts";
import { ephemeral, local } from "./memory.ts";
import { nineP, virtioFs } from "./share.ts";

/** Storage drivers by their name on the wire; also what GetGuestDetails lists. */
export const storageDrivers: ReadonlyMap<string, StorageDriver> = new Map<string, StorageDriver>([
  ["virtio-fs", virtioFs],
  ["9p", nineP],
  ["ephemeral", ephemeral],
  ["local", local],
  ["blk", block],
  ["mmioblk", mmioBlock],
  ["scsi", scsi],
  ["nvdimm", nvdimm],
  ["overlayfs", overlay],
  ["bind", bind],
]);
