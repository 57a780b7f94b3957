import { KataError } from "../base/error.ts";
import { parseIndex } from "../oci/image.ts";

/** A named image in the store. Several names may stand for one image id. */
export interface ImageRecord {
  /** Complete name: `docker.io/library/busybox:latest`. */
  readonly name: string;
  /** Digest of the manifest in the store. */
  readonly digest: string;
  /** Digest of the manifest as it is stored, in bytes. */
  readonly manifestSize: number;
  /** The image id: digest of its configuration. It fixes the content, so the unpacked root file system is kept under it. */
  readonly id: string;
  /** Bytes of the compressed layers. */
  readonly size: number;
  /** When the image was made; undefined when it does not say. */
  readonly createdMs: number | undefined;
  readonly pulledMs: number;
  /** Where it came from, as given: a registry's name or a transport with a path. */
  readonly origin: string;
  /** For archives: size and time of the file, to see whether it changed. Empty otherwise. */
  readonly stamp: string;
}

const refName = "org.opencontainers.image.ref.name";
const prefix = "io.kata-ts.image.";
const mediaType = "application/vnd.oci.image.manifest.v1+json";

/**
 * The layout's `index.json` for these images (image-spec, image-layout.md): names are ref.name annotations, what only
 * we need are annotations of our own. So the store is one file that other OCI tools read, too.
 */
export function renderIndex(records: readonly ImageRecord[]): string {
  const manifests = records.map((record) => ({
    mediaType,
    digest: record.digest,
    size: record.manifestSize,
    annotations: {
      [refName]: record.name,
      [`${prefix}id`]: record.id,
      [`${prefix}size`]: String(record.size),
      ...(record.createdMs === undefined ? {} : { [`${prefix}created`]: String(record.createdMs) }),
      [`${prefix}pulled`]: String(record.pulledMs),
      [`${prefix}origin`]: record.origin,
      [`${prefix}stamp`]: record.stamp,
    },
  }));
  return `${JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }, undefined, 1)}\n`;
}

/** Reads `index.json`; entries that another tool put there are not ours and left out. Throws `data-loss`. */
export function parseRecords(text: string): ImageRecord[] {
  const records: ImageRecord[] = [];
  for (const { digest, size, annotations } of parseIndex(text)) {
    const own = (key: string) => annotations[prefix + key];
    const name = annotations[refName];
    const id = own("id");
    if (name === undefined || id === undefined) continue;
    if (!/^sha256:[0-9a-f]{64}$/.test(id)) {
      throw new KataError("data-loss", `The image store is damaged: ${JSON.stringify(name)} has no valid id`);
    }
    const created = own("created");
    records.push({
      name,
      digest,
      manifestSize: size,
      id,
      size: number(own("size")),
      createdMs: created === undefined ? undefined : number(created),
      pulledMs: number(own("pulled")),
      origin: own("origin") ?? "",
      stamp: own("stamp") ?? "",
    });
  }
  return records;
}

function number(text: string | undefined): number {
  const value = Number(text ?? 0);
  return Number.isFinite(value) ? value : 0;
}

/**
 * Finds an image by complete name, or by an unambiguous beginning of its id (at least 4 hexadecimal digits). Throws
 * `invalid-argument` when the beginning fits several ids.
 */
export function findRecord(
  records: readonly ImageRecord[],
  canonical: string | undefined,
  typed: string,
): ImageRecord | undefined {
  const named = records.find((record) => record.name === canonical);
  if (named !== undefined) return named;
  const digits = typed.replace(/^sha256:/, "");
  if (!/^[0-9a-f]{4,64}$/.test(digits)) return undefined;
  const matching = records.filter((record) => record.id.startsWith(`sha256:${digits}`));
  if (new Set(matching.map((record) => record.id)).size > 1) {
    throw new KataError("invalid-argument", `Image id ${typed} fits several images`, {
      field: "image",
      hint: "give more digits, or a name",
    });
  }
  return matching[0];
}
