import type { CallOptions } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import type { ImageConfig } from "../oci/image.ts";
import { rootfsPath } from "./paths.ts";
import { Puller, type PullerDeps, type PullOptions } from "./puller.ts";
import { findRecord, type ImageRecord } from "./record.ts";
import { canonicalName, familiarName, parseReference, parseSource } from "./reference.ts";
import type { ImageStore } from "./store.ts";

/** When an image is fetched although it may be here: docker's `--pull`. */
export type PullPolicy = "missing" | "always" | "never";

/** A container and the image under it. */
export interface ImageUser {
  readonly container: string;
  readonly imageId: string;
  /** Complete name that it was run by. */
  readonly imageName: string;
}

/** An image ready to run. */
export interface ResolvedImage {
  readonly record: ImageRecord;
  readonly config: ImageConfig;
  /** The unpacked root file system: to be read only. */
  readonly rootfs: string;
}

/** What the service needs. */
export interface ImageServiceDeps extends Omit<PullerDeps, "usedIds"> {
  /** The containers that there are right now. */
  users(): readonly ImageUser[];
}

const stage = { stage: "prepare-image", field: "image" } as const;

/** Pulls, finds, lists and removes images. */
export class ImageService {
  private readonly deps: ImageServiceDeps;
  private readonly store: ImageStore;
  private readonly puller: Puller;
  private readonly usedIds = (): ReadonlySet<string> => new Set(this.deps.users().map(({ imageId }) => imageId));

  constructor(deps: ImageServiceDeps) {
    this.deps = deps;
    this.store = deps.store;
    this.puller = new Puller({ ...deps, usedIds: this.usedIds });
  }

  /** All images, newest last. */
  list(): readonly ImageRecord[] {
    return this.store.list();
  }

  /** While the returned release is not called, no image is removed: take it before `resolve`, give it back once the container is recorded. */
  async use(options: CallOptions = {}): Promise<() => void> {
    this.store.prepare();
    return this.store.use(options);
  }

  /** Fetches an image. See Puller.pull. */
  pull(text: string, options: PullOptions = {}): Promise<ImageRecord> {
    return this.puller.pull(text, options);
  }

  /** Finds an image by name or by the beginning of its id. Throws `not-found`. */
  find(text: string): ImageRecord {
    const found = findRecord(this.list(), canonicalOf(text), text);
    if (found !== undefined) return found;
    throw new KataError("not-found", `There is no image ${JSON.stringify(text)} here`, {
      field: "image",
      hint: "list images with `kata-ctl images`, get one with `kata-ctl pull`",
    });
  }

  /** Finds an image, fetching it as the policy says, and makes sure that it is unpacked. Call `use` first. */
  async resolve(text: string, policy: PullPolicy, options: PullOptions = {}): Promise<ResolvedImage> {
    const source = parseSource(text);
    const here =
      source.kind === "registry" ? findRecord(this.list(), canonicalName(source.reference), text) : undefined;
    let record = policy === "always" ? undefined : here;
    if (record === undefined) {
      if (policy === "never") {
        throw new KataError(
          "not-found",
          `There is no image ${JSON.stringify(text)} here, and --pull=never forbids to fetch it`,
          {
            ...stage,
            hint: `get it first: kata-ctl pull ${text}`,
          },
        );
      }
      record = await this.pull(text, options);
    }
    const config = this.store.readConfig(record.id);
    let rootfs = rootfsPath(this.store.paths, record.id);
    if (!this.deps.sys.exists(rootfs)) rootfs = await this.puller.unpackAgain(record, options);
    return { record, config, rootfs };
  }

  /**
   * Removes names (or, by id, every name of an image); what nothing refers to any more is deleted. A name that a
   * container was run by, and the last name of an image that one uses, are refused with `failed-precondition`.
   */
  async remove(
    texts: readonly string[],
    options: CallOptions = {},
  ): Promise<{ readonly untagged: readonly string[]; readonly deleted: readonly string[] }> {
    const records = this.list();
    const untagged = texts.flatMap((text) => {
      const found = this.find(text);
      const byName = found.name === canonicalOf(text);
      return records
        .filter((record) => (byName ? record.name === found.name : record.id === found.id))
        .map(({ name }) => name);
    });
    const kept = new Set(records.filter(({ name }) => !untagged.includes(name)).map(({ id }) => id));
    for (const record of records.filter(({ name }) => untagged.includes(name))) {
      const holders = this.deps
        .users()
        .filter(({ imageId, imageName }) => imageId === record.id && (!kept.has(imageId) || imageName === record.name))
        .map(({ container }) => container);
      if (holders.length === 0) continue;
      throw new KataError(
        "failed-precondition",
        `Image ${familiarName(record.name)} is in use by ${holders.join(", ")}`,
        { field: "image", hint: `remove first: kata-ctl rm -f ${holders.join(" ")}` },
      );
    }
    return { untagged, deleted: await this.store.remove(untagged, this.usedIds, options) };
  }
}

function canonicalOf(text: string): string | undefined {
  try {
    return canonicalName(parseReference(text));
  } catch {
    // An id or a path has no name.
    return undefined;
  }
}
