import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CommandResult, repository, TestHost } from "../support/kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";

let host: TestHost;
let before: HostSnapshot;

beforeAll(async () => {
  host = new TestHost();
  await host.loadDemoImage();
});
afterAll(() => host.remove());
beforeEach(() => {
  before = snapshotHost();
});
afterEach(() => expectNoLeaks(before));

/** A configuration file like the built one, with some keys changed. Values are TOML. */
function configuration(changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(path.join(repository, "out/etc/kata-containers/configuration.toml"), "utf8");
  for (const [key, value] of Object.entries(changes)) {
    const line = new RegExp(`^#? ?${key} = .*$`, "m");
    if (!line.test(text)) throw new Error(`The configuration has no key ${key}`);
    text = text.replace(line, `${key} = ${value}`);
  }
  const file = path.join(host.root, "configuration.toml");
  writeFileSync(file, text);
  return file;
}

/** What every error must have: our own exit code, the stage, and the words that tell what was wrong and what helps. */
function expectError(result: CommandResult, stage: string, ...words: readonly (string | RegExp)[]): void {
  expect(result.stderr).toMatch(/^error: /m);
  expect(result.stderr).toMatch(new RegExp(`^ +stage +${stage}`, "m"));
  expect(result.stderr).toMatch(/^ +hint /m);
  for (const word of words) expect(result.stderr).toMatch(word);
  expect(result.code).toBe(125);
  expect(result.stdout).toBe("");
}

describe("an image", () => {
  test("that is unknown", async () => {
    expectError(
      await host.ctl(["run", "--rm", "127.0.0.1:1/no/such:image", "true"]),
      "prepare-image",
      "127.0.0.1:1/no/such:image",
    );
  });

  test("whose archive is broken", async () => {
    const archive = path.join(host.root, "broken.tar");
    writeFileSync(archive, readFileSync(path.join(repository, "out/images/busybox.tar")).subarray(0, 300_000));
    const result = await host.ctl(["run", "--rm", `oci-archive:${archive}`, "true"]);
    expectError(result, "prepare-image", "broken.tar");
  });
});

describe("the configuration", () => {
  const runWith = (file: string, ...flags: string[]) =>
    host.ctl(["run", "--rm", "--config", file, ...flags, "busybox", "true"]);

  test("names a kernel that is missing", async () => {
    expectError(await runWith(configuration({ kernel: '"/no/such/vmlinux"' })), ".*", "/no/such/vmlinux", /kernel/);
  });

  test("names a QEMU that is missing", async () => {
    expectError(await runWith(configuration({ path: '"/no/such/qemu"' })), ".*", "/no/such/qemu", /path/);
  });

  test("asks for less memory than a guest can boot with", async () => {
    expectError(await runWith(configuration({ default_memory: "16" })), ".*", /default_memory/, /\d+ MiB/);
  });

  test("forces KVM where it is unusable", async () => {
    expectError(await runWith(configuration({ accelerator: '"kvm"' })), ".*", /kvm/i, /tcg/);
  });

  test("has mistakes: all are listed, with line and suggestion", async () => {
    const file = configuration({ default_memory: '"lots"', shared_fs: '"virtiofs"' });
    const result = await runWith(file);
    expect(result.code).toBe(125);
    expect(result.stderr).toMatch(/configuration\.toml:\d+:\d+ +hypervisor\.qemu\.default_memory/);
    expect(result.stderr).toMatch(/configuration\.toml:\d+:\d+ +hypervisor\.qemu\.shared_fs.*did you mean "virtio-fs"/);
  });

  test("is missing", async () => {
    expectError(await runWith("/no/such/configuration.toml"), ".*", "/no/such/configuration.toml");
  });
});

describe("a process with", () => {
  const run = (...arguments_: string[]) => host.ctl(["run", "--rm", ...arguments_]);

  test("an unknown user", async () => {
    expectError(await run("-u", "nobody-knows", "busybox", "true"), ".*", "nobody-knows");
  });

  test("a working directory that is a file", async () => {
    expectError(await run("-w", "/etc/passwd", "busybox", "true"), ".*", "/etc/passwd");
  });

  test("a mount source that does not exist", async () => {
    expectError(await run("-v", "/no/such/source:/data", "busybox", "true"), ".*", "/no/such/source");
  });

  test("a mount source that is the host's /proc, also behind a link", async () => {
    const link = path.join(host.root, "innocent");
    mkdirSync(path.dirname(link), { recursive: true });
    const { symlinkSync } = await import("node:fs");
    symlinkSync("/proc", link);
    expectError(await run("-v", `${link}:/data`, "busybox", "true"), ".*", /\/proc/);
  });
});

describe("the command line", () => {
  test.each([
    [["run", "--memroy", "1g", "busybox"], "--memory"],
    [["rnu", "busybox"], "run"],
    [["run"], "IMAGE"],
    [["run", "--cpus", "many", "busybox"], "many"],
    [["run", "-m", "12 parsecs", "busybox"], "12 parsecs"],
  ])("%j is a usage error that helps", async (arguments_, word) => {
    const result = await host.ctl(arguments_);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(word);
    expect(result.stdout).toBe("");
  });

  test("an unknown container is named, with what there is", async () => {
    for (const command of ["exec", "logs", "stop", "kill", "rm", "inspect", "wait"]) {
      const result = await host.ctl(command === "exec" ? [command, "ghost", "true"] : [command, "ghost"]);
      expect(result.stderr).toContain("ghost");
      expect(result.code).not.toBe(0);
    }
  });
});
