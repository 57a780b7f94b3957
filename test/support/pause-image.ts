import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repository } from "./kata-ctl.ts";
import { run } from "./leak-check.ts";

/** The demo image of `make build`: busybox with all applets, tag `latest`. */
export const demoImage = path.join(repository, "out/images/busybox.tar");

interface Descriptor {
  digest: string;
  size: number;
}

/**
 * An OCI archive of an image whose program sleeps until SIGTERM, for the pod's own container. It is the demo image with
 * another entrypoint. Made once, below out/images.
 */
export function pauseImage(): string {
  const archive = path.join(repository, "out/images/pause.tar");
  if (existsSync(archive)) return archive;
  mkdirSync(path.dirname(archive), { recursive: true });
  const work = mkdtempSync(path.join(path.dirname(archive), ".pause-"));
  try {
    const layout = path.join(work, "layout");
    mkdirSync(layout);
    run("tar", "-C", layout, "-xf", demoImage);
    setEntrypoint(layout, ["/bin/sh", "-c", 'trap "exit 0" TERM INT; while :; do sleep 1000 & wait $!; done']);
    run("tar", "-C", layout, "-cf", path.join(work, "pause.tar"), "oci-layout", "index.json", "blobs");
    renameSync(path.join(work, "pause.tar"), archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return archive;
}

function setEntrypoint(layout: string, entrypoint: readonly string[]): void {
  const blobFile = (digest: string) => path.join(layout, "blobs", digest.replace(":", "/"));
  const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const store = (descriptor: Descriptor, value: unknown) => {
    const content = Buffer.from(JSON.stringify(value));
    descriptor.digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    descriptor.size = content.length;
    writeFileSync(blobFile(descriptor.digest), content);
  };
  const index = readJson(path.join(layout, "index.json")) as { manifests: [Descriptor] };
  const manifest = readJson(blobFile(index.manifests[0].digest)) as { config: Descriptor };
  const config = readJson(blobFile(manifest.config.digest));
  store(manifest.config, { ...config, config: { Entrypoint: entrypoint } });
  store(index.manifests[0], manifest);
  writeFileSync(path.join(layout, "index.json"), JSON.stringify(index));
}
