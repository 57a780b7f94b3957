import { utf8Decode } from "../base/bytes.ts";
import type { CallOptions } from "../base/cancel.ts";
import type { Clock } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import { sha256Hex } from "../base/sha256.ts";
import { type ImageConfig, parseImageConfig, parseIndex, parseManifest } from "../oci/image.ts";
import { isErrno } from "../sys/error.ts";
import type { Sys } from "../sys/sys.ts";
import { lockFile, withLock } from "./lock.ts";
import { blobPath, type ImagePaths, rootfsPath } from "./paths.ts";
import { type ImageRecord, parseRecords, renderIndex } from "./record.ts";

const maxDocument = 4 << 20;

/** What the store needs. */
export interface StoreDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly paths: ImagePaths;
}

/** What an image says about itself, read from its blobs. */
export interface ImageContent {
  readonly manifestSize: number;
  readonly id: string;
  readonly size: number;
  readonly config: ImageConfig;
}

/** The content store: names, blobs and unpacked root file systems on disk. Safe for several processes at once. */
export class ImageStore {
  private readonly deps: StoreDeps;
  private readonly sys: Sys;
  readonly paths: ImagePaths;

  constructor(deps: StoreDeps) {
    this.deps = deps;
    this.sys = deps.sys;
    this.paths = deps.paths;
  }

  /** Makes the directories. Throws SysError, for instance EACCES for anybody but root. */
  prepare(): void {
    const { paths, sys } = this;
    sys.mkdirAll(paths.root, 0o700);
    sys.mkdirAll(`${paths.blobs}/sha256`, 0o700);
    sys.mkdirAll(paths.rootfs, 0o700);
    sys.mkdirAll(paths.temporary, 0o700);
    sys.mkdirAll(paths.locks, 0o700);
    const marker = `${paths.layout}/oci-layout`;
    if (!sys.exists(marker)) sys.writeFileAtomic(marker, '{"imageLayoutVersion":"1.0.0"}\n', 0o600);
  }

  /** All images, in the order they were added. A store that was never used is empty. */
  list(): ImageRecord[] {
    try {
      return parseRecords(this.sys.readText(this.paths.index, maxDocument));
    } catch (error) {
      if (isErrno(error, "ENOENT")) return [];
      throw KataError.wrap(error, `Cannot read the image store ${this.paths.index}`, { stage: "prepare-image" });
    }
  }

  /** While the returned release is not called, no image is removed. */
  use(options: CallOptions = {}): Promise<() => void> {
    return lockFile(this.deps, this.paths.useLock, "shared", options);
  }

  /** A directory below `temporary` for one job alone. */
  makeWorkspace(): string {
    const path = this.temporaryPath();
    this.sys.mkdir(path, 0o700);
    return path;
  }

  /** Gives a name to an image whose blobs are in the store; the name's former image loses it. */
  async add(record: ImageRecord): Promise<void> {
    await this.change((records) => [...records.filter(({ name }) => name !== record.name), record]);
  }

  /**
   * Takes these names away, then deletes every blob and root file system that no name needs any more; `usedIds` are
   * asked for once nobody uses images, and their root file systems stay. Returns the ids that have no name any more.
   */
  async remove(
    names: readonly string[],
    usedIds: () => ReadonlySet<string>,
    options: CallOptions = {},
  ): Promise<string[]> {
    return withLock(
      this.deps,
      this.paths.useLock,
      "exclusive",
      async () => {
        let before: readonly ImageRecord[] = [];
        const after = await this.change((records) => {
          before = records;
          return records.filter(({ name }) => !names.includes(name));
        });
        this.collectGarbage(after, usedIds());
        const kept = new Set(after.map(({ id }) => id));
        return [...new Set(before.map(({ id }) => id))].filter((id) => !kept.has(id));
      },
      options,
    );
  }

  /** Deletes what failed or killed pulls left, unless somebody uses images right now. */
  async collectIfIdle(usedIds: () => ReadonlySet<string>): Promise<void> {
    const fd = this.sys.open(this.paths.useLock, { write: true, create: true, mode: 0o600 });
    try {
      if (this.sys.lock(fd, "exclusive")) this.collectGarbage(this.list(), usedIds());
    } finally {
      this.sys.close(fd);
    }
  }

  /** Whether a pull was cut short, or is under way. */
  hasLeftovers(): boolean {
    return this.sys.readDir(this.paths.temporary).length > 0;
  }

  /** Digest of the one image that skopeo copied into a private layout. */
  copiedDigest(layout: string): string {
    const [descriptor] = parseIndex(this.sys.readText(`${layout}/index.json`, maxDocument));
    if (descriptor === undefined) throw new KataError("data-loss", "No image was copied", { stage: "prepare-image" });
    return descriptor.digest;
  }

  /** Reads and checks what an image says about itself. Throws `data-loss` when a blob is not what its digest says. */
  readContent(manifestDigest: string): ImageContent {
    const document = this.readBlob(manifestDigest);
    const manifest = parseManifest(utf8Decode(document));
    const config = parseImageConfig(utf8Decode(this.readBlob(manifest.config.digest)));
    return {
      manifestSize: document.length,
      id: manifest.config.digest,
      size: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
      config,
    };
  }

  /** The configuration of an image in the store; it was checked when the image was added. */
  readConfig(id: string): ImageConfig {
    return parseImageConfig(this.sys.readText(blobPath(this.paths, id), maxDocument));
  }

  /** Remembers that blobs may lie about which no name needs, so that the next pull tidies up. */
  markLeftovers(): void {
    this.sys.writeFile(this.temporaryPath(), "", 0o600);
  }

  private temporaryPath(): string {
    const name = [...this.sys.random(8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${this.paths.temporary}/${name}`;
  }

  private readBlob(digest: string): Uint8Array {
    const content = this.sys.readFile(blobPath(this.paths, digest), maxDocument);
    if (`sha256:${sha256Hex(content)}` !== digest) {
      throw new KataError("data-loss", `Blob ${digest} of the image store is damaged`, {
        stage: "prepare-image",
        hint: "remove the image and pull it again",
      });
    }
    return content;
  }

  private async change(edit: (records: ImageRecord[]) => ImageRecord[]): Promise<ImageRecord[]> {
    return withLock(this.deps, this.paths.indexLock, "exclusive", () => {
      const records = edit(this.list());
      this.sys.writeFileAtomic(this.paths.index, renderIndex(records), 0o600);
      return records;
    });
  }

  private collectGarbage(records: readonly ImageRecord[], usedIds: ReadonlySet<string>): void {
    const { paths, sys } = this;
    const blobs = new Set<string>();
    for (const record of records) {
      const manifest = parseManifest(sys.readText(blobPath(paths, record.digest), maxDocument));
      for (const { digest } of [manifest.config, ...manifest.layers]) blobs.add(blobPath(paths, digest));
      blobs.add(blobPath(paths, record.digest));
    }
    const ids = [...records.map(({ id }) => id), ...usedIds];
    const unpacked = new Set(ids.map((id) => rootfsPath(paths, id)));
    removeOthers(sys, `${paths.blobs}/sha256`, blobs);
    removeOthers(sys, paths.rootfs, unpacked);
    removeOthers(sys, paths.temporary, new Set());
  }
}

function removeOthers(sys: Sys, directory: string, keep: ReadonlySet<string>): void {
  for (const { name } of sys.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (!keep.has(path)) sys.removeTree(path);
  }
}
