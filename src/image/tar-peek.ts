import { utf8Decode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import type { FilesPort } from "../sys/port/files.ts";

const blockSize = 512;
const maxEntries = 10_000;

/** What kind of image archive a file is, and the names that it gives to its images. */
export interface ArchiveFacts {
  readonly kind: "docker-archive" | "oci-archive";
  /** Names of the images inside, as they stand there. */
  readonly names: readonly string[];
}

/**
 * Looks into an image archive without unpacking it: `manifest.json` makes it a `docker save`, `oci-layout` or
 * `index.json` an OCI archive. Throws `data-loss` when it is neither, or cut off.
 */
export function peekArchive(sys: FilesPort, path: string): ArchiveFacts {
  const fd = sys.open(path);
  try {
    const found = new Map<string, string>();
    const { size } = sys.fstat(fd);
    let seen = 0;
    for (const entry of entries(sys, fd)) {
      seen++;
      if (entry.offset + entry.size > size) throw cutOff(path, entry.name);
      if (entry.name === "manifest.json" || entry.name === "index.json")
        found.set(entry.name, readEntry(sys, fd, entry));
      else if (entry.name === "oci-layout") found.set(entry.name, "");
    }
    // Since version 25 `docker save` writes both forms into one archive; the names are the same.
    if (found.has("index.json") || found.has("oci-layout")) {
      return { kind: "oci-archive", names: ociNames(found.get("index.json") ?? "") };
    }
    const manifest = found.get("manifest.json");
    if (manifest !== undefined) return { kind: "docker-archive", names: dockerNames(manifest) };
    if (seen > 0 && size % blockSize !== 0) throw cutOff(path, "its next entry");
  } finally {
    sys.close(fd);
  }
  throw new KataError("data-loss", `${path} is not an image archive`, {
    stage: "prepare-image",
    field: "image",
    hint: "archives are made by `docker save`, `skopeo copy ... oci-archive:FILE` and the like",
  });
}

function cutOff(path: string, where: string): KataError {
  return new KataError("data-loss", `Image archive ${path} is broken`, {
    stage: "prepare-image",
    field: "image",
    hint: "make it again, and compare its size and checksum with the original's",
    cause: new Error(`the file ends within ${where}`),
  });
}

/** How a file is compressed, by its first bytes; undefined when it is not. Throws SysError. */
export function compressionOf(sys: FilesPort, path: string): "gzip" | "zstd" | "xz" | "bzip2" | undefined {
  const fd = sys.open(path);
  try {
    const head = new Uint8Array(4);
    sys.pread(fd, head, 0);
    const begins = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);
    if (begins(0x1f, 0x8b)) return "gzip";
    if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
    if (begins(0xfd, 0x37, 0x7a, 0x58)) return "xz";
    return begins(0x42, 0x5a, 0x68) ? "bzip2" : undefined;
  } finally {
    sys.close(fd);
  }
}

interface Entry {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** The regular files of a tar (ustar and its extensions; pax and GNU headers only give names that do not matter here). */
function* entries(sys: FilesPort, fd: number): Generator<Entry> {
  const header = new Uint8Array(blockSize);
  let offset = 0;
  for (let count = 0; count < maxEntries; count++) {
    if (sys.pread(fd, header, offset) < blockSize || header[0] === 0) return;
    const size = octal(header.subarray(124, 136));
    const type = header[156] ?? 0;
    if (size === undefined) return;
    if (type === 0 || type === 0x30)
      yield { name: text(header.subarray(0, 100)).replace(/^\.\//, ""), offset: offset + blockSize, size };
    offset += blockSize + Math.ceil(size / blockSize) * blockSize;
  }
}

function readEntry(sys: FilesPort, fd: number, entry: Entry): string {
  if (entry.size > 1 << 20) throw new KataError("data-loss", `The archive's ${entry.name} is larger than 1 MiB`);
  const content = new Uint8Array(entry.size);
  return utf8Decode(content.subarray(0, sys.pread(fd, content, entry.offset)));
}

function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  return utf8Decode(end < 0 ? field : field.subarray(0, end));
}

/** A size: octal digits, or base 256 when the first bit is set (GNU). Undefined when it is neither. */
function octal(field: Uint8Array): number | undefined {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = text(field).trim();
  return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function dockerNames(manifest: string): string[] {
  const images = json(manifest);
  if (!Array.isArray(images)) return [];
  return images.flatMap((image: { readonly RepoTags?: unknown } | null) => strings(image?.RepoTags));
}

function ociNames(index: string): string[] {
  const manifests = (json(index) as { readonly manifests?: unknown } | undefined)?.manifests;
  if (!Array.isArray(manifests)) return [];
  return manifests.flatMap((entry: { readonly annotations?: Readonly<Record<string, unknown>> } | null) => {
    const annotations = entry?.annotations;
    return strings([annotations?.["io.containerd.image.name"] ?? annotations?.["org.opencontainers.image.ref.name"]]);
  });
}

function json(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // Names are a convenience: skopeo judges the archive itself.
    return undefined;
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string") : [];
}
