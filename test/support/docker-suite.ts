import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { Docker, type DockerVersion } from "./docker.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "./leak-check.ts";

/**
 * One Docker for the tests of a describe block. After each test it must have no container, and the host must be as it was
 * before; after the last, as before Docker's start. What a failed test leaves is removed, and the end of Docker's log shown.
 */
export function useDocker(version: DockerVersion): () => Docker {
  let docker: Docker | undefined;
  let directory = "";
  let before: HostSnapshot;
  let running: HostSnapshot;
  let quietLinks: readonly string[];
  const current = () => {
    if (docker === undefined) throw new Error("There is a Docker within tests only");
    return docker;
  };
  beforeAll(async () => {
    before = snapshotHost();
    // No name that the leak check takes for one of ours: connections to Docker come and go.
    directory = mkdtempSync("/tmp/dkr-");
    docker = await Docker.start(version, directory);
    running = snapshotHost();
    quietLinks = docker.node.links();
  });
  afterAll(async () => {
    await docker?.stop();
    rmSync(directory, { recursive: true, force: true });
    await expectNoLeaks(before);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") {
      console.error(current().log().slice(-6000));
      await current().removeContainers();
      return;
    }
    await expectNoLeaks(running);
    expect((await current().must(["ps", "-aq"])).stdout).toBe("");
    expect(current().node.links()).toEqual(quietLinks);
  });
  return current;
}
