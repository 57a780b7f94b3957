import { base64Encode } from "../../base/base64.ts";
import { Sha256 } from "../../base/sha256.ts";
import { sha384, sha512 } from "../../base/sha512.ts";

/** How initdata can be measured, as their `algorithm` says. */
export const digestAlgorithms = ["sha256", "sha384", "sha512"] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** Confidential guests that carry a measurement of their initdata. */
export type MeasuredGuest = "tdx" | "snp" | "cca";

/** Bytes that each has room for: TDX's mrconfigid, SNP's host data, a realm's personalization value. */
const room: Readonly<Record<MeasuredGuest, number>> = { tdx: 48, snp: 32, cca: 64 };

const hash: Readonly<Record<DigestAlgorithm, (bytes: Uint8Array) => Uint8Array>> = {
  sha256: (bytes) => new Sha256().add(bytes).digest(),
  sha384,
  sha512,
};

/** The measurement of a TOML document: of its bytes as they stand, not of what they mean. */
export function initdataDigest(document: Uint8Array, algorithm: DigestAlgorithm): Uint8Array {
  return hash[algorithm](document);
}

/** A digest as the VMM wants it: cut or filled with zeros to the room that the guest has for it, in base64. */
export function digestForGuest(digest: Uint8Array, guest: MeasuredGuest): string {
  const fitted = new Uint8Array(room[guest]);
  fitted.set(digest.subarray(0, fitted.length));
  return base64Encode(fitted);
}
