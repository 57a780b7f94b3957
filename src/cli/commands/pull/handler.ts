import type { PullEvent } from "../../../image/puller.ts";
import type { ImageRecord } from "../../../image/record.ts";
import { canonicalName, familiarName, parseReference } from "../../../image/reference.ts";
import type { ImageService } from "../../../image/service.ts";
import type { Progress } from "../../output/progress.ts";

/** What `pull` is told. */
export interface PullFlags {
  readonly name: string | undefined;
  readonly tlsVerify: boolean | undefined;
}

/** Fetches an image and shows how far it is. */
export function pullImage(
  images: ImageService,
  source: string,
  flags: PullFlags,
  progress: Progress,
): Promise<ImageRecord> {
  return images.pull(source, {
    ...(flags.name === undefined ? {} : { name: canonicalName(parseReference(flags.name)) }),
    ...(flags.tlsVerify === undefined ? {} : { tlsVerify: flags.tlsVerify }),
    onProgress: (event) => progress.step(pullStep(familiarName(source), event)),
  });
}

/** A pull's event in words. */
export function pullStep(name: string, event: PullEvent): string {
  switch (event.kind) {
    case "waiting":
      return `Waiting for another pull of ${name}`;
    case "copying":
      return event.blobs === 0 ? `Pulling ${name}` : `Pulling ${name}: layer ${event.blobs}`;
    case "unpacking":
      return `Unpacking ${name}`;
    default:
      return event satisfies never;
  }
}
