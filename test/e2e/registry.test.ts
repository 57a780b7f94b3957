import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TestHost } from "../support/kata-ctl.ts";
import { pushLayeredImage } from "../support/layered-image.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { LocalRegistry } from "../support/registry.ts";

let host: TestHost;
let registry: LocalRegistry;
let image: string;
let digest: string;
let before: HostSnapshot;

beforeAll(async () => {
  host = new TestHost();
  registry = await LocalRegistry.start();
  image = `${registry.address}/team/app:1`;
  digest = pushLayeredImage(image);
  await host.must(["pull", "--tls-verify=false", image]);
});
afterAll(async () => {
  await registry.stop();
  host.remove();
});
beforeEach(() => {
  before = snapshotHost();
});
afterEach(() => expectNoLeaks(before));

describe("an image from a registry", () => {
  test("runs with its own user, entry point, command, environment and working directory", async () => {
    const { stdout } = await host.must(["run", "--rm", image]);
    expect(stdout).toBe("hello from /home/app as app:app\n");
  });

  test("takes arguments for its entry point, and other settings from flags", async () => {
    const { stdout } = await host.must([
      "run",
      "--rm",
      "-e",
      "GREETING=bye",
      "-u",
      "0",
      image,
      'echo "$GREETING $(id -u)"',
    ]);
    expect(stdout).toBe("bye 0\n");
  });

  test("has its layers applied in order, with whiteouts", async () => {
    const { stdout } = await host.must(["run", "--rm", image, "cat /data/kept; echo; ls /data /replaced"]);
    expect(stdout).toBe("second layer\n/data:\nadded\nkept\nvolume\n\n/replaced:\nnew\n");
  });

  test("keeps owners, and its supplementary groups count", async () => {
    const { stdout } = await host.must(["run", "--rm", image, "stat -c %u:%g /home/app; id -G"]);
    expect(stdout).toBe("1234:2345\n2345 3456\n");
  });

  test("has a writable volume of its own", async () => {
    const { stdout } = await host.must(["run", "--rm", "-u", "0", image, "touch /data/volume/x && ls /data/volume"]);
    expect(stdout).toBe("x\n");
  });

  test("can be named by digest; a wrong digest is refused", async () => {
    const { stdout } = await host.must(["run", "--rm", `${registry.address}/team/app@${digest}`]);
    expect(stdout).toContain("hello");
    const wrong = `${registry.address}/team/app@sha256:${"0".repeat(64)}`;
    const result = await host.ctl(["run", "--rm", wrong]);
    expect(result.code).toBe(125);
    expect(result.stderr).toMatch(/prepare-image/);
    expect(result.stderr).toContain("0".repeat(64));
  });

  test("is listed, is kept while in use, and is removed", async () => {
    const rows = JSON.parse((await host.must(["images", "--format", "json"])).stdout) as Record<string, unknown>[];
    expect(JSON.stringify(rows)).toContain("team/app");
    await host.must([
      "run",
      "-d",
      "--name",
      "user",
      "--entrypoint",
      "/bin/sh",
      image,
      "-c",
      "while :; do read -t 1000 x; done",
    ]);
    const refused = await host.ctl(["rmi", image]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("user");
    await host.must(["rm", "-f", "user"]);
    await host.must(["rmi", image]);
    await host.must(["pull", "--tls-verify=false", image]);
  });
});
