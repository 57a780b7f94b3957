/** The files of a sandbox that a pod may expect to be certain ones. */
export const assets = ["kernel", "image", "initrd", "hypervisor", "jailer", "firmware", "firmware_volume"] as const;
export type Asset = (typeof assets)[number];

const prefix = "io.katacontainers.config.hypervisor.";

/** The Rust runtime names the VMM's hash after the key `path`. */
const assetsByAnnotation: ReadonlyMap<string, Asset> = new Map([
  ...assets.map((asset) => [`${prefix}${asset}_hash`, asset] as const),
  [`${prefix}path_hash`, "hypervisor"],
]);

/** The names of all annotations that tell a hash. */
export const hashAnnotations: readonly string[] = [...assetsByAnnotation.keys()];

/** The asset whose hash an annotation tells; undefined for other annotations. */
export function assetOfHash(annotation: string): Asset | undefined {
  return assetsByAnnotation.get(annotation);
}

/** Completes "NAME ..." for a hash that is none. */
export const hashRule = "must be a SHA-512 hash: 128 hexadecimal digits";

/** A SHA-512 hash in lower case; undefined when the text is none. */
export function parseHash(text: string): string | undefined {
  return /^[0-9a-fA-F]{128}$/.test(text) ? text.toLowerCase() : undefined;
}
