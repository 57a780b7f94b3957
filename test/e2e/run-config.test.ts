import { createHash } from "node:crypto";
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CommandResult, repository, TestHost } from "../support/kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";
import { upstreamConfigFiles } from "../support/upstream-config.ts";

// What configuration and annotations do to a container that kata-ctl runs.

const built = path.join(repository, "out/etc/kata-containers/configuration.toml");
const guest = path.join(repository, "out/guest");
const hypervisor = "io.katacontainers.config.hypervisor";

let host: TestHost;
let before: HostSnapshot;
let file: string;

beforeAll(async () => {
  host = new TestHost();
  await host.loadDemoImage();
});
afterAll(() => host.remove());
beforeEach(() => {
  before = snapshotHost();
  file = path.join(host.root, "configuration.toml");
  configure(readFileSync(built, "utf8"));
});
afterEach(async () => {
  rmSync(path.join(host.root, "config.d"), { recursive: true });
  await expectNoLeaks(before);
});

/** The configuration of the next runs, and one drop-in. */
function configure(text: string, dropIn = ""): void {
  writeFileSync(file, text);
  mkdirSync(path.join(host.root, "config.d"), { recursive: true });
  writeFileSync(path.join(host.root, "config.d/50-test.toml"), dropIn);
}

function run(line: string, ...annotations: string[]): Promise<CommandResult> {
  const flags = annotations.flatMap((annotation) => ["--annotation", annotation]);
  return host.ctl(["--config", file, "run", "--rm", ...flags, "busybox", "sh", "-c", line]);
}

describe("a configuration with mistakes", () => {
  test("is refused with all of them, each with its place", async () => {
    const text = readFileSync(built, "utf8");
    const wrong = text
      .replace(/^shared_fs = .*$/m, 'shared_fs = "virtiofs"')
      .replace(/^default_memory = .*$/m, 'default_memory = "512"')
      .replace(/^internetworking_model = .*$/m, 'internetworking_model = "bridge"');
    configure(wrong);
    const lineOf = (key: string) => wrong.split("\n").findIndex((line) => line.startsWith(`${key} =`)) + 1;
    const { code, stderr } = await run("true");
    expect(code).toBe(125);
    expect(stderr).toMatch(/^ {2}stage +load-config$/m);
    expect(stderr).toContain("The configuration has 3 problems\n");
    for (const [key, rule] of [
      ["shared_fs", 'must be one of virtio-fs, .*; got "virtiofs" \\(did you mean "virtio-fs"\\?\\)'],
      ["default_memory", 'must be a whole number .*; got "512"'],
      ["internetworking_model", 'must be one of .*; got "bridge"'],
    ] as const) {
      expect(stderr).toMatch(new RegExp(`^ +${file}:${lineOf(key)}:\\d+ {2}[a-z.]+\\.${key}: ${rule}`, "m"));
    }
  });

  test("is refused for what is not possible, and says what is", async () => {
    configure(readFileSync(built, "utf8"), '[runtime]\ninternetworking_model = "macvtap"\n');
    const { code, stderr } = await run("true");
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /50-test\.toml:2:\d+ {2}runtime\.internetworking_model: is not possible: .*tcfilter.*"macvtap"/,
    );
    expect(stderr).toMatch(/^ {2}hint +correct the file/m);
  });
});

describe("upstream's configuration for QEMU", () => {
  // The paths of its packages are not those of Debian's.
  const here = [
    "[hypervisor.qemu]",
    'path = "/usr/bin/qemu-system-x86_64"',
    `kernel = "${guest}/vmlinux"`,
    `initrd = "${guest}/initrd.img"`,
    'image = ""',
    'virtio_fs_daemon = ""',
    "",
  ].join("\n");

  test.each(["go/configuration-qemu.toml", "runtime-rs/configuration-qemu-runtime-rs.toml"])(
    "%s runs containers unchanged, with a drop-in for paths",
    async (name) => {
      const text = upstreamConfigFiles().find((one) => one.name === name)?.text ?? "";
      configure(text, here);
      const { code, stdout } = await run("cat /proc/cmdline; grep MemTotal /proc/meminfo");
      expect(code).toBe(0);
      // Both files say so.
      expect(stdout).toContain(" cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1");
      expect(memoryMib(stdout)).toBeGreaterThan(1900);
    },
  );
});

describe("annotations", () => {
  const enable = (...names: string[]) =>
    configure(readFileSync(built, "utf8"), `[hypervisor.qemu]\nenable_annotations = ${JSON.stringify(names)}\n`);

  test("change the VM where the operator allows it", async () => {
    enable("^default_(vcpus|memory)$", "^kernel_(params|modules)$", "^container_pipe_size$");
    const { code, stdout } = await run(
      "nproc; grep MemTotal /proc/meminfo; cat /proc/cmdline; grep -ow ^loop /proc/modules",
      `${hypervisor}.default_vcpus=2`,
      `${hypervisor}.default_memory=768`,
      `${hypervisor}.kernel_params=kata.test=a:b log_buf_len=1M`,
      "io.katacontainers.config.agent.kernel_modules=loop max_loop=3",
      "io.katacontainers.config.agent.container_pipe_size=131072",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^2\n/);
    expect(memoryMib(stdout)).toBeGreaterThan(700);
    expect(memoryMib(stdout)).toBeLessThan(768);
    expect(stdout).toContain(" kata.test=a:b log_buf_len=1M");
    expect(stdout).toContain(" agent.container_pipe_size=131072");
    expect(stdout).toMatch(/^loop$/m);
  });

  test("are refused by name and rule where he does not", async () => {
    const { code, stderr } = await run("true", `${hypervisor}.default_vcpus=2`);
    expect(code).toBe(125);
    expect(stderr).toContain(`annotation ${hypervisor}.default_vcpus `);
    expect(stderr).toMatch(/no expression of enable_annotations in \[hypervisor\.qemu\] matches/);
    expect(stderr).toMatch(/hint +correct the pod's annotations, or let the operator allow them/);
  });

  test("demand files by their hashes", async () => {
    enable("_hash$");
    const hashOf = (name: string) =>
      createHash("sha512")
        .update(readFileSync(path.join(guest, name)))
        .digest("hex");
    const [kernel, initrd] = [hashOf("vmlinux"), hashOf("initrd.img")];
    const right = await run("echo fine", `${hypervisor}.kernel_hash=${kernel}`, `${hypervisor}.initrd_hash=${initrd}`);
    expect(right).toMatchObject({ code: 0, stdout: "fine\n" });
    const wrong = await run("true", `${hypervisor}.kernel_hash=${initrd}`);
    expect(wrong.code).toBe(125);
    expect(wrong.stderr).toMatch(/^ {2}stage +check-assets$/m);
    expect(wrong.stderr).toContain(
      `The kernel "${guest}/vmlinux" has SHA-512 ${kernel.slice(0, 16)}..., not ${initrd.slice(0, 16)}... as demanded`,
    );

    const other = path.join(host.root, "vmlinux");
    copyFileSync(path.join(guest, "vmlinux"), other);
    appendFileSync(other, "!");
    const dropIn = ['enable_annotations = ["^kernel$", "_hash$"]', `valid_kernel_paths = ["${host.root}/*"]`];
    configure(readFileSync(built, "utf8"), ["[hypervisor.qemu]", ...dropIn, ""].join("\n"));
    const chosen = await run("true", `${hypervisor}.kernel=${other}`, `${hypervisor}.kernel_hash=${kernel}`);
    expect(chosen.stderr).toContain(`The kernel "${other}" has SHA-512 `);
    const elsewhere = await run("true", `${hypervisor}.kernel=${guest}/vmlinux`);
    expect(elsewhere.stderr).toMatch(/no pattern of valid_kernel_paths in \[hypervisor\.qemu\] matches it/);

    const absent = await run("true", `${hypervisor}.image_hash=${initrd}`);
    expect(absent.code).toBe(125);
    expect(absent.stderr).toContain(`annotation ${hypervisor}.image_hash  has nothing to check`);
  });
});

function memoryMib(text: string): number {
  return Number(/^MemTotal: +(\d+) kB$/m.exec(text)?.[1]) / 1024;
}
