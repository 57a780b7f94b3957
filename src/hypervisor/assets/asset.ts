import type { Asset as AssetType } from "../../config/annotations/asset-hash.ts";

/** A file of the host that a VM is made from, and what it must hash to. */
export interface Asset {
  readonly type: AssetType;
  /** Absolute. */
  readonly path: string;
  /** 128 lower-case hexadecimal digits. */
  readonly sha512: string;
}
