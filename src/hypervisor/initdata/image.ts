import { utf8Encode } from "../../base/bytes.ts";
import { validateId } from "../../base/ids.ts";

const magic = utf8Encode("initdata");
const sector = 512;
const headerBytes = 16;

/**
 * The disk that brings initdata to the guest: `initdata`, the length of the gzip data as 64 bits from the lowest byte on, the
 * gzip data, and zeros up to a whole sector.
 */
export function initdataImage(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(Math.ceil((headerBytes + packed.length) / sector) * sector);
  image.set(magic);
  // A length in memory has no more than 53 bits.
  const view = new DataView(image.buffer);
  view.setUint32(8, packed.length % 2 ** 32, true);
  view.setUint32(12, Math.floor(packed.length / 2 ** 32), true);
  image.set(packed, headerBytes);
  return image;
}

/** Where the host keeps a sandbox's disk. Throws KataError `invalid-argument` for an id that is none. */
export function initdataImagePath(sandboxId: string): string {
  return `/run/kata-containers/shared/initdata/${validateId(sandboxId, "sandbox id")}/data.img`;
}
