import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

/** An entry of a layer. Names are written as they are, however hostile. */
export type LayerEntry =
  | {
      readonly kind: "file";
      readonly name: string;
      readonly content: string;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
      readonly xattrs?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "directory";
      readonly name: string;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
    }
  | { readonly kind: "symlink" | "hardlink"; readonly name: string; readonly target: string }
  | { readonly kind: "device"; readonly name: string; readonly major: number; readonly minor: number };

/** What can be wrong with a layout on purpose. */
export interface LayoutOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly architecture?: string;
  /** Changes a layer's compressed bytes after their digest was taken. */
  readonly damage?: (compressed: Buffer) => Buffer;
  /** Changes a layer's compressed bytes before their digest is taken. */
  readonly truncate?: (compressed: Buffer) => Buffer;
}

const types = { file: "0", hardlink: "1", symlink: "2", device: "3", directory: "5" } as const;

/** Writes an OCI image layout with one image, tag `t`, of these layers. Returns the manifest's digest. */
export function writeLayout(
  directory: string,
  layers: readonly (readonly LayerEntry[])[],
  options: LayoutOptions = {},
): string {
  mkdirSync(path.join(directory, "blobs/sha256"), { recursive: true });
  writeFileSync(path.join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const blob = (mediaType: string, content: Buffer, stored = content) => {
    const hex = createHash("sha256").update(content).digest("hex");
    writeFileSync(path.join(directory, "blobs/sha256", hex), stored);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const diffIds: string[] = [];
  const layerDescriptors = layers.map((entries) => {
    const tar = layerTar(entries);
    diffIds.push(`sha256:${createHash("sha256").update(tar).digest("hex")}`);
    const compressed = (options.truncate ?? ((bytes) => bytes))(gzipSync(tar));
    return blob("application/vnd.oci.image.layer.v1.tar+gzip", compressed, options.damage?.(compressed));
  });
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const config = blob(
    "application/vnd.oci.image.config.v1+json",
    json({
      architecture: options.architecture ?? (process.arch === "arm64" ? "arm64" : "amd64"),
      os: "linux",
      config: options.config ?? {},
      rootfs: { type: "layers", diff_ids: diffIds },
    }),
  );
  const manifest = blob(
    "application/vnd.oci.image.manifest.v1+json",
    json({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config,
      layers: layerDescriptors,
    }),
  );
  const annotations = { "org.opencontainers.image.ref.name": "t" };
  writeFileSync(
    path.join(directory, "index.json"),
    json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  return manifest.digest;
}

/** A layer as an uncompressed tar (ustar with pax headers for extended attributes). */
export function layerTar(entries: readonly LayerEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    if (entry.kind === "file" && entry.xattrs !== undefined) {
      const records = Object.entries(entry.xattrs).map(([name, value]) => paxRecord(`SCHILY.xattr.${name}`, value));
      blocks.push(header("pax", "x", { size: Buffer.concat(records).length }), padded(Buffer.concat(records)));
    }
    const content = entry.kind === "file" ? Buffer.from(entry.content) : Buffer.alloc(0);
    blocks.push(header(entry.name, types[entry.kind], { ...entry, size: content.length }), padded(content));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

interface HeaderFields {
  readonly size: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly target?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly kind?: string;
}

function header(name: string, type: string, fields: HeaderFields): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  block.write(name, 0, 100, "utf8");
  octal(fields.mode ?? (fields.kind === "directory" ? 0o755 : 0o644), 100, 8);
  octal(fields.uid ?? 0, 108, 8);
  octal(fields.gid ?? 0, 116, 8);
  octal(fields.size, 124, 12);
  octal(0, 136, 12);
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  block.write(fields.target ?? "", 157, 100, "utf8");
  block.write("ustar\x0000", 257, "latin1");
  octal(fields.major ?? 0, 329, 8);
  octal(fields.minor ?? 0, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function paxRecord(key: string, value: string): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value, "latin1"), Buffer.from("\n")]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}
