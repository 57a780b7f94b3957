import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Containerd, containerdVersions, kataRuntime, startContainerd } from "../support/containerd.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { demoImage } from "../support/pause-image.ts";

const image = "docker.io/library/busybox:latest";

describe.each(containerdVersions)("containerd %s", (version) => {
  const directory = mkdtempSync("/tmp/kata-ctd-");
  let containerd: Containerd;
  let before: HostSnapshot;

  beforeAll(async () => {
    containerd = await startContainerd({ version, directory });
    await containerd.importImage(demoImage, image);
  });
  afterAll(async () => {
    await containerd.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    before = snapshotHost();
  });
  afterEach(() => expectNoLeaks(before));

  test("`ctr run --rm` prints the output and exits with the program's code", async () => {
    const run = ["run", "--rm", "--runtime", kataRuntime, image, "one", "sh", "-c", "echo out; echo err >&2; exit 7"];
    const { code, stdout, stderr } = await containerd.ctr(run);
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
  });
});
