import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import type { Asset as AssetType } from "../../config/annotations/asset-hash.ts";

/** A file of the host, and what it must hash to. */
export interface Asset {
  readonly type: AssetType;
  /** Absolute. */
  readonly path: string;
  /** A pod's annotation chose it, not the configuration. */
  readonly custom: boolean;
  /** 128 lower-case hexadecimal digits; undefined when nobody asked for a check. */
  readonly sha512: string | undefined;
}

/** A pod's annotations by name. */
export type AssetAnnotations = ReadonlyMap<string, string>;

const prefix = "io.katacontainers.config.hypervisor.";

/** Keys behind the prefix; of those for one thing, the first is upstream's Go runtime's, the second its Rust runtime's. */
const keys: Readonly<Record<AssetType, { readonly path: string; readonly hashes: readonly string[] }>> = {
  kernel: { path: "kernel", hashes: ["kernel_hash"] },
  image: { path: "image", hashes: ["image_hash"] },
  initrd: { path: "initrd", hashes: ["initrd_hash"] },
  hypervisor: { path: "path", hashes: ["hypervisor_hash", "path_hash"] },
  jailer: { path: "jailer_path", hashes: ["jailer_hash"] },
  firmware: { path: "firmware", hashes: ["firmware_hash"] },
  firmware_volume: { path: "firmware_volume", hashes: ["firmware_volume_hash"] },
};

const hashTypeAnnotations = ["io.katacontainers.asset_hash_type", `${prefix}asset_hash_type`];

/**
 * The asset of one type that a sandbox uses: the annotation's path before the configured one, with the hash that an annotation
 * demands of either. Undefined when neither path is set. Whether a pod may choose paths at all is checked elsewhere. Throws
 * KataError `invalid-argument` that names the annotation, also for a hash of a file that is not set.
 */
export function chooseAsset(type: AssetType, configured: string, annotations: AssetAnnotations): Asset | undefined {
  const { path: key, hashes } = keys[type];
  const chosen = annotations.get(prefix + key) ?? "";
  if (chosen !== "" && (!chosen.startsWith("/") || chosen.includes("\0"))) {
    throw refused(prefix + key, `must be an absolute path; got ${shown(chosen)}`);
  }
  const hash = expectedHash(hashes, annotations);
  const path = chosen || configured;
  if (path !== "") return { type, path, custom: chosen !== "", sha512: hash?.value };
  if (hash !== undefined) throw refused(hash.name, `there is no ${type} to check: ${prefix}${key} is not set`);
  return undefined;
}

function expectedHash(
  names: readonly string[],
  annotations: AssetAnnotations,
): { readonly name: string; readonly value: string } | undefined {
  for (const key of names) {
    const name = prefix + key;
    const value = annotations.get(name);
    if (value === undefined || value === "") continue;
    checkHashType(annotations);
    if (!/^[0-9a-fA-F]{128}$/.test(value)) {
      const got = value.length === 128 ? "other characters among them" : `${value.length} characters`;
      throw refused(name, `must be a SHA-512 of 128 hexadecimal digits; got ${got}`);
    }
    return { name, value: value.toLowerCase() };
  }
  return undefined;
}

function checkHashType(annotations: AssetAnnotations): void {
  for (const name of hashTypeAnnotations) {
    const value = annotations.get(name);
    if (value !== undefined && value !== "" && value !== "sha512") {
      throw refused(name, `must be "sha512", the only kind of hash; got ${shown(value)}`);
    }
  }
}

function refused(annotation: string, rule: string): KataError {
  return new KataError("invalid-argument", `${annotation}: ${rule}`, { field: annotation });
}
