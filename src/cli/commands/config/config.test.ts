import { beforeEach, describe, expect, test } from "vitest";
import { renderConfigurationFile } from "../../../config/render/configuration-file.ts";
import { FakeConsole } from "../../testing/fake-console.ts";

const main = "/etc/kata-containers/configuration.toml";
const guest = { kernel: "/guest/vmlinux", initrd: "/guest/initrd.img" };
const prefix = "io.katacontainers.config.hypervisor.";

let shell: FakeConsole;
const config = (...words: string[]) => shell.run("config", ...words);
const json = async (...words: string[]) => JSON.parse((await shell.run("--json", "config", ...words)).stdout);

beforeEach(() => {
  shell = new FakeConsole();
  const { fake } = shell.sys;
  fake.addFile("/proc/meminfo", "MemTotal:       16384000 kB\n");
  fake.addDirectory("/proc/self");
  shell.sys.symlink("/usr/bin/kata-ctl", "/proc/self/exe");
  for (const path of ["/usr/bin/qemu-system-x86_64", "/dev/urandom", guest.kernel, guest.initrd]) {
    fake.addFile(path, "x", 0o755);
  }
  fake.addFile(main, renderConfigurationFile("qemu", "amd64", guest));
});

const small = `[hypervisor.qemu]
kernel = "/guest/vmlinux"
initrd = "/guest/initrd.img"
default_vcpus = 2
enable_annotations = ["default_vcpus", "kernel_params"]
seccomp_sandbox = "on"

[runtime]
enable_debug = true
`;

describe("config show", () => {
  test("prints what files set, with places, over all that applies", async () => {
    shell.sys.fake.addFile(main, small);
    shell.sys.fake.addFile("/etc/kata-containers/config.d/10-x.toml", "\n[agent.kata]\nenable_debug = true\n");
    expect((await config("show", "--set-only")).stdout).toMatchSnapshot();
    const all = (await config("show")).stdout;
    expect(all).toMatch(/^default_memory = 2048 +# default$/m);
    expect(all).toMatch(/^enable_debug = true +# config\.d\/10-x\.toml:3$/m);
    expect((await config("show", "--origin=false")).stdout).not.toMatch(/# default/);
  });

  test("prints TOML that gives the same values again", async () => {
    const { stdout } = await config("show");
    const before = await json("show");
    shell.sys.fake.addFile("/again.toml", stdout);
    const after = JSON.parse((await shell.run("--config", "/again.toml", "--json", "config", "show")).stdout);
    const values = (list: { key: string; value: unknown }[]) => list.map(({ key, value }) => [key, value]);
    expect(values(after)).toEqual(values(before));
  });

  test("tries a pod's annotations, and says which are refused", async () => {
    shell.sys.fake.addFile(main, small);
    const allowed = await config("show", "--set-only", "--annotation", `${prefix}default_vcpus=3`);
    expect(allowed).toMatchObject({ code: 0, stderr: "" });
    expect(allowed.stdout).toContain(`default_vcpus = 3`);
    expect(allowed.stdout).toContain(`# annotation ${prefix}default_vcpus`);
    const refused = await config("show", "--annotation", `${prefix}default_memory=9999`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`annotation ${prefix}default_memory`);
  });

  test("names problems on standard error, and fails with those that stop a start", async () => {
    shell.sys.fake.addFile(main, `${small}\nenable_debgu = true\n`);
    const warned = await config("show");
    expect(warned.stderr).toBe(
      `${main}:11:1  runtime.enable_debgu: is not a known key and is ignored (did you mean enable_debug?)\n`,
    );
    expect(warned.code).toBe(0);
    shell.sys.fake.addFile(main, small.replace("default_vcpus = 2", "default_vcpus = true"));
    expect((await config("show")).code).toBe(1);
  });

  test("says so when there is no configuration", async () => {
    shell.sys.unlink(main);
    expect(await config("show")).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("looked for") });
  });
});

describe("config validate", () => {
  test("is content with what we ship", async () => {
    expect(await config("validate")).toEqual({ code: 0, stderr: "", stdout: `${main}: valid\n` });
  });

  test("names everything in the order of the files, and sums it up", async () => {
    shell.sys.fake.addFile(
      main,
      `[hypervisor.qemu]
kernel = "/guest/missing"
initrd = "/guest/initrd.img"
shared_fs = "virtiofs"
defalt_vcpus = 2
use_vsock = true
shared_fs = "none"

[runtme]
`,
    );
    shell.sys.fake.addFile("/etc/kata-containers/config.d/20-b.toml", "[runtime]\nenable_debug = 1\n");
    shell.sys.fake.addFile("/etc/kata-containers/config.d/10-a.toml", "[hypervisor.qemu]\nenable_hugepages = true\n");
    shell.sys.fake.addFile("/etc/kata-containers/config.d/notes.txt", "");
    const { code, stdout, stderr } = await config("validate");
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toMatchSnapshot();
    const noHost = await config("validate", "--no-host");
    expect(noHost.stdout).not.toContain("/guest/missing");
  });

  test("goes on behind a file that cannot be read", async () => {
    const { code, stdout } = await config("validate", "/missing.toml", "/etc", main);
    expect(code).toBe(1);
    expect(stdout.replace(/cannot be read: .* \[/g, "cannot be read: REASON [").split("\n")).toEqual([
      "/missing.toml  cannot be read: REASON [error]",
      "/missing.toml: not valid, 1 error",
      "/etc  cannot be read: REASON [error]",
      "/etc: not valid, 1 error",
      `${main}: valid`,
      "",
    ]);
  });

  test("takes several files, relative ones too, and fails if one is bad", async () => {
    shell.sys.fake.addFile("/home/ada/a.toml", small);
    shell.sys.fake.addFile("/home/ada/b.toml", small.replace("true", "1"));
    Object.assign(shell.sys, { cwd: () => "/home/ada" });
    const { code, stdout } = await config("validate", "./a.toml", "b.toml");
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^\/home\/ada\/a\.toml: valid.*\n\/home\/ada\/b\.toml:9:16 {2}runtime\.enable_debug: must be true or false; got 1 \(did you mean true\?\) \[error\]\n/,
    );
    expect(await json("validate", "a.toml", "b.toml")).toMatchObject([
      { files: ["/home/ada/a.toml"], valid: true },
      { files: ["/home/ada/b.toml"], valid: false, findings: [{ severity: "error", line: 9, column: 16, got: "1" }] },
    ]);
  });
});

describe("config explain", () => {
  test("knows a key, with or without its table, and its annotation", async () => {
    shell.sys.fake.addFile(main, `${small}\n[hypervisor.qemu.rootless_user]\nuid = 5\n`);
    const { code, stdout } = await config("explain", "default_vcpus");
    expect(code).toBe(0);
    expect(stdout).toMatchSnapshot();
    for (const word of ["hypervisor.qemu.default_vcpus", "hypervisor.default_vcpus", `${prefix}default_vcpus`]) {
      expect((await config("explain", word)).stdout).toBe(stdout);
    }
    expect((await config("explain", "uid")).stdout).toMatch(/here +5 {2}\(configuration\.toml:12\)/);
  });

  test.each([
    ["enable_debug", ["hypervisor.NAME.enable_debug", "agent.kata.enable_debug", "runtime.enable_debug"]],
    ["hypervisor.cloud-hypervisor.enable_debug", ["hypervisor.NAME.enable_debug"]],
    ["seccomp_sandbox", ["hypervisor.NAME.seccompsandbox"]],
    ["agent.kata.reconnect_timeout_ms", ["agent.kata.dial_timeout"]],
    ["hypervisor.clh.factory.enable_template", ["factory.enable_template"]],
    ["mem_agent.memcg_swap", ["agent.kata.mem_agent.memcg_swap"]],
  ])("finds the keys that %s stands for", async (word, keys) => {
    expect((await json("explain", word)).map(({ key }: { key: string }) => key)).toEqual(keys);
  });

  test("tells what became of keys that are gone", async () => {
    expect((await config("explain", "use_vsock")).stdout).toMatchSnapshot();
    expect((await config("explain", "proxy")).stdout).toMatch(/^\[proxy\]\n {2}Ended with Kata 2\.0/);
  });

  test("tells whether pods may set a key here", async () => {
    shell.sys.fake.addFile(main, small);
    expect((await config("explain", "default_vcpus")).stdout).toMatch(/pods here +may set it/);
    expect((await config("explain", "default_memory")).stdout).toMatch(/pods here +may not set it: nothing in enable_/);
    shell.sys.fake.addFile(main, small.replace('"default_vcpus"', '"kernel"'));
    expect((await config("explain", "hypervisor.kernel")).stdout).toMatch(/pods here +may not .*valid_kernel_paths/);
  });

  test("works without a configuration, and suggests what was meant", async () => {
    shell.sys.unlink(main);
    expect((await config("explain", "default_memory")).stdout).not.toContain("here");
    expect(await config("explain", "defualt_memory")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("did you mean default_memory?"),
    });
    expect((await config("explain", "")).code).toBe(1);
    expect((await config("explain", "__proto__")).code).toBe(1);
  });
});

describe("config diff", () => {
  test("shows what differs from the defaults", async () => {
    shell.sys.fake.addFile(main, small);
    expect(await config("diff")).toMatchObject({ code: 0, stderr: "" });
    expect((await config("diff")).stdout).toMatchSnapshot();
    expect((await config("diff", "--exit-code")).code).toBe(1);
  });

  test("compares files, whatever their hypervisors are", async () => {
    shell.sys.fake.addFile(main, small);
    shell.sys.fake.addFile("/other.toml", small.replace("hypervisor.qemu", "hypervisor.clh").replace("= 2", "= 4"));
    expect((await config("diff", "/other.toml")).stdout).toMatch(
      /^hypervisor\.clh\.default_vcpus\n {2}- 2 {2}# configuration\.toml:4\n {2}\+ 4 {2}# other\.toml:4$/m,
    );
    expect(await config("diff", "/other.toml", "/other.toml")).toMatchObject({ code: 0, stdout: "" });
    expect(await json("diff", main, "/other.toml")).toContainEqual(
      expect.objectContaining({ key: "hypervisor.clh.default_vcpus", left: expect.objectContaining({ value: 2 }) }),
    );
  });
});

describe("config paths", () => {
  test("shows what is read, in order, and what is not", async () => {
    for (const name of ["20-b.toml", "10-a.toml", "notes.txt"]) {
      shell.sys.fake.addFile(`/etc/kata-containers/config.d/${name}`);
    }
    const { code, stdout } = await config("paths");
    expect(code).toBe(0);
    expect(stdout).toMatchSnapshot();
  });

  test("names KATA_CONF_FILE and --config, which wins", async () => {
    shell.sys.fake.addFile("/a.toml", small);
    shell.sys.fake.processes.env = ["KATA_CONF_FILE=/b.toml"];
    expect(await config("paths")).toMatchObject({ code: 1, stdout: expect.stringContaining("/b.toml does not exist") });
    expect((await shell.run("--kata-config", "/a.toml", "--json", "config", "paths")).stdout).toContain(
      '"used": "/a.toml"',
    );
  });

  test("fails when there is nothing", async () => {
    shell.sys.unlink(main);
    expect(await config("paths")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/Read, later ones win:\n {2}nothing/),
    });
    expect((await shell.run("--show-default-config-paths")).stdout.split("\n")).toContain(main);
  });
});

test("config schema prints JSON", async () => {
  expect(JSON.parse((await config("schema")).stdout)).toMatchObject({ title: "Configuration of kata-ts" });
});
