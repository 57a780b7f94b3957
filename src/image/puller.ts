import type { CallOptions } from "../base/cancel.ts";
import type { Clock } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { sha256Hex } from "../base/sha256.ts";
import type { ImageConfig } from "../oci/image.ts";
import { isErrno } from "../sys/error.ts";
import type { Sys } from "../sys/sys.ts";
import { type LocalSource, locateSource, openSource, stampOf } from "./local-source.ts";
import { withLock } from "./lock.ts";
import type { ImageRecord } from "./record.ts";
import { canonicalName, familiarName, parseSource } from "./reference.ts";
import { type CopySource, copiedTag, copyImage } from "./skopeo.ts";
import type { ImageStore } from "./store.ts";
import type { ToolRunner } from "./tool.ts";
import { unpackImage } from "./unpack.ts";

/** What is going on during a pull; for progress display. */
export type PullEvent =
  | { readonly kind: "waiting" }
  | { readonly kind: "copying"; readonly blobs: number }
  | { readonly kind: "unpacking" };

/** How to pull. */
export interface PullOptions extends CallOptions {
  /** Complete name to keep the image under; absent: its own. */
  readonly name?: string;
  readonly tlsVerify?: boolean;
  readonly onProgress?: (event: PullEvent) => void;
}

/** What a puller needs. */
export interface PullerDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly store: ImageStore;
  readonly runner: ToolRunner;
  readonly logger: Logger;
  /** Ids of the images that containers run on right now: those are never deleted, with or without a name. */
  usedIds(): ReadonlySet<string>;
}

const stage = { stage: "prepare-image", field: "image" } as const;

/** Fetches images into the store and unpacks them. */
export class Puller {
  private readonly deps: PullerDeps;
  private readonly sys: Sys;
  private readonly store: ImageStore;
  private readonly runner: ToolRunner;

  constructor(deps: PullerDeps) {
    this.deps = deps;
    this.sys = deps.sys;
    this.store = deps.store;
    this.runner = deps.runner;
  }

  /** Fetches an image, keeps and unpacks it. Throws KataError with stage `prepare-image`; a failed pull leaves nothing. */
  async pull(text: string, options: PullOptions = {}): Promise<ImageRecord> {
    const given = parseSource(text);
    const located = given.kind === "registry" ? undefined : locateSource(this.sys, given);
    const stamp = located === undefined ? "" : stampOf(located.stat);
    const same = (record: ImageRecord) =>
      record.origin === text && record.stamp === stamp && (options.name ?? record.name) === record.name;
    const imported = stamp === "" ? undefined : this.store.list().find(same);
    if (imported !== undefined) return imported;
    this.store.prepare();
    if (this.store.hasLeftovers()) await this.store.collectIfIdle(this.deps.usedIds);
    const before = this.store.list();
    try {
      const release = await this.store.use(options);
      let record: ImageRecord;
      try {
        record =
          given.kind === "registry"
            ? await this.pullOnce(text, given, options.name ?? canonicalName(given.reference), stamp, options)
            : await this.pullLocal(text, located?.source ?? given, stamp, options);
      } finally {
        release();
      }
      if (before.some(({ id, name }) => name === record.name && id !== record.id)) await this.tidy();
      return record;
    } catch (error) {
      await this.tidy().catch((problem: unknown) => {
        // On a full disk not even the mark can be made; the pull's own error matters.
        this.deps.logger.warn("cannot tidy up after a failed pull", { error: KataError.from(problem) });
      });
      throw error;
    }
  }

  /** Unpacks an image of the store whose root file system is missing, and returns the directory. */
  async unpackAgain(record: ImageRecord, options: PullOptions): Promise<string> {
    const workspace = this.store.makeWorkspace();
    try {
      return await this.unpack(record, workspace, options);
    } finally {
      this.sys.removeTree(workspace);
    }
  }

  /** Deletes what nobody needs now, or leaves a mark for the next pull while others use images. */
  private async tidy(): Promise<void> {
    this.store.markLeftovers();
    await this.store.collectIfIdle(this.deps.usedIds);
  }

  private async pullLocal(
    text: string,
    located: LocalSource,
    stamp: string,
    options: PullOptions,
  ): Promise<ImageRecord> {
    let scratch: string | undefined;
    const makeScratch = () => {
      scratch ??= this.store.makeWorkspace();
      return scratch;
    };
    try {
      const { source, name: own } = await openSource(this.deps, located, makeScratch, options);
      const name = options.name ?? own;
      if (name !== undefined) return await this.pullOnce(text, source, name, stamp, options);
      throw new KataError("invalid-argument", `${located.path} does not say what the image is called`, {
        ...stage,
        hint: "name it: kata-ctl pull --name NAME SOURCE",
      });
    } finally {
      if (scratch !== undefined) this.sys.removeTree(scratch);
    }
  }

  /** Of several pulls of one name at the same time one does the work. */
  private async pullOnce(
    text: string,
    source: CopySource,
    name: string,
    stamp: string,
    options: PullOptions,
  ): Promise<ImageRecord> {
    let waited = false;
    const onWait = () => {
      waited = true;
      options.onProgress?.({ kind: "waiting" });
    };
    const work = async () => {
      const here = waited
        ? this.store.list().find((record) => record.name === name && record.origin === text)
        : undefined;
      return here ?? this.fetch(text, source, name, stamp, options);
    };
    const lock = `${this.store.paths.locks}/${sha256Hex(name).slice(0, 32)}`;
    return withLock(this.deps, lock, "exclusive", work, { ...options, onWait });
  }

  private async fetch(
    text: string,
    source: CopySource,
    name: string,
    stamp: string,
    options: PullOptions,
  ): Promise<ImageRecord> {
    const workspace = this.store.makeWorkspace();
    try {
      const layout = `${workspace}/layout`;
      let blobs = 0;
      options.onProgress?.({ kind: "copying", blobs });
      await copyImage(this.runner, source, "layout", {
        ...options,
        workspace,
        blobs: this.store.paths.blobs,
        onLine: (line) => {
          if (/^Copying blob/.test(line)) options.onProgress?.({ kind: "copying", blobs: ++blobs });
        },
      });
      const digest = this.store.copiedDigest(layout);
      const content = this.store.readContent(digest);
      this.requirePlatform(name, content.config);
      const createdMs = Date.parse(content.config.created ?? "");
      const record: ImageRecord = {
        name,
        digest,
        manifestSize: content.manifestSize,
        id: content.id,
        size: content.size,
        createdMs: Number.isFinite(createdMs) ? createdMs : undefined,
        pulledMs: this.deps.clock.wallMs(),
        origin: text,
        stamp,
      };
      await this.unpack(record, workspace, options);
      await this.store.add(record);
      return record;
    } catch (error) {
      throw isErrno(error, "ENOSPC", "EDQUOT")
        ? KataError.wrap(error, `No room left for image ${familiarName(name)}`, stage)
        : error;
    } finally {
      this.sys.removeTree(workspace);
    }
  }

  private async unpack(record: ImageRecord, workspace: string, options: PullOptions): Promise<string> {
    options.onProgress?.({ kind: "unpacking" });
    const layout = `${workspace}/layout`;
    this.sys.mkdirAll(layout, 0o700);
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const annotations = { "org.opencontainers.image.ref.name": copiedTag };
    const manifests = [{ mediaType, digest: record.digest, size: record.manifestSize, annotations }];
    this.sys.writeFile(`${layout}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }), 0o600);
    this.sys.writeFile(`${layout}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}', 0o600);
    this.sys.removeTree(`${layout}/blobs`);
    this.sys.symlink(this.store.paths.blobs, `${layout}/blobs`);
    return unpackImage({ sys: this.sys, runner: this.runner, paths: this.store.paths }, record, workspace, options);
  }

  private requirePlatform(name: string, config: ImageConfig): void {
    const machine = this.sys.uname().machine;
    const ours = { x86_64: "amd64", aarch64: "arm64" }[machine] ?? machine;
    if (config.os === "linux" && config.architecture === ours) return;
    throw new KataError(
      "failed-precondition",
      `Image ${familiarName(name)} is for ${config.os}/${config.architecture}, this machine runs linux/${ours}`,
      stage,
    );
  }
}
