import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { loadRuntimeConfig } from "./load.ts";
import { ConfigError } from "./problem.ts";
import { renderConfiguration } from "./render.ts";

const paths = { kernel: "/guest/vmlinux", initrd: "/guest/initrd.img" };
const minimal = '[hypervisor.qemu]\nkernel = "/k"\ninitrd = "/i"\n';

function host(files: Readonly<Record<string, string>>): FakeSys {
  const sys = createFakeSys();
  sys.fake.addFile("/proc/meminfo", "MemTotal:       16384000 kB\nMemFree: 1 kB\n");
  sys.fake.addDirectory("/proc/self");
  sys.symlink("/opt/kata/bin/containerd-shim-kata-v2", "/proc/self/exe");
  for (const [path, content] of Object.entries(files)) sys.fake.addFile(path, content);
  return sys;
}

function problemsOf(content: string): readonly string[] {
  const sys = host({ "/c.toml": content });
  try {
    loadRuntimeConfig({ sys }, { path: "/c.toml" });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("loadRuntimeConfig()", () => {
  test("reads what renderConfiguration() writes, to the defaults, without a warning", () => {
    const written = loadRuntimeConfig({ sys: host({ "/c.toml": renderConfiguration(paths) }) }, { path: "/c.toml" });
    const bare = loadRuntimeConfig(
      { sys: host({ "/c.toml": `[hypervisor.qemu]\nkernel = "${paths.kernel}"\ninitrd = "${paths.initrd}"\n` }) },
      { path: "/c.toml" },
    );
    expect(written).toEqual(bare);
    expect(written.warnings).toEqual([]);
    expect(written.hypervisor).toMatchObject({
      name: "qemu",
      kernelPath: "/guest/vmlinux",
      boot: { kind: "initrd", path: "/guest/initrd.img" },
      defaultMaxMemoryMib: 16000,
    });
  });

  test("merges drop-ins in the order of their names, links followed", () => {
    const sys = host({
      "/real/configuration.toml": minimal,
      "/real/config.d/20-b.toml": "[hypervisor.qemu]\ndefault_memory = 300\n",
      "/real/config.d/10-a.toml": "[hypervisor.qemu]\ndefault_memory = 200\ndefault_vcpus = 2.5\n",
      "/real/config.d/ignored.txt": "not toml",
    });
    sys.symlink("/real/configuration.toml", "/c.toml");
    const { hypervisor } = loadRuntimeConfig({ sys }, { path: "/c.toml" });
    expect(hypervisor.defaultMemoryMib).toBe(300);
    expect(hypervisor.defaultVcpus).toBe(2.5);
  });

  test("names the drop-in that is to blame", () => {
    const sys = host({ "/etc/c.toml": minimal, "/etc/config.d/x.toml": '[hypervisor.qemu]\nshared_fs = "virtiofs"\n' });
    expect(() => loadRuntimeConfig({ sys }, { path: "/etc/c.toml" })).toThrow(
      '/etc/config.d/x.toml:2:13  hypervisor.qemu.shared_fs: must be one of virtio-fs, virtio-9p, none; got "virtiofs" (did you mean "virtio-fs"?)',
    );
  });

  test.each([
    ["KATA_CONF_FILE", "/named.toml"],
    ["the program's own tree", "/opt/kata/etc/kata-containers/configuration.toml"],
    ["/etc", "/etc/kata-containers/configuration.toml"],
    ["the share beside the program", "/opt/kata/share/defaults/kata-containers/configuration.toml"],
    ["/usr/share", "/usr/share/defaults/kata-containers/configuration.toml"],
  ])("looks in %s", (place, path) => {
    const sys = host({ [path]: minimal });
    if (place === "KATA_CONF_FILE") sys.fake.processes.env = ["KATA_CONF_FILE=/named.toml"];
    expect(loadRuntimeConfig({ sys }).source).toBe(path);
  });

  test("tells where it looked when there is no file", () => {
    expect(() => loadRuntimeConfig({ sys: host({}) })).toThrow(/looked for \/opt\/kata\/etc.*, \/etc\/kata-containers/);
    expect(() => loadRuntimeConfig({ sys: host({}) }, { path: "/no.toml" })).toThrow(
      "Configuration file /no.toml does not exist",
    );
  });

  test("warns of unknown keys and tables, with what was probably meant", () => {
    const sys = host({ "/c.toml": `${minimal}defualt_memory = 1\nzzz = 2\n[agents.kata]\n` });
    expect(loadRuntimeConfig({ sys }, { path: "/c.toml" }).warnings).toEqual([
      "/c.toml:6:1  agents: is not a known key and is ignored (did you mean agent?)",
      "/c.toml:4:1  hypervisor.qemu.defualt_memory: is not a known key and is ignored (did you mean default_memory?)",
      "/c.toml:5:1  hypervisor.qemu.zzz: is not a known key and is ignored",
    ]);
  });

  test("collects every problem", () => {
    expect(
      problemsOf(`[hypervisor.qemu]
kernel = "vmlinux"
default_memory = "lots"
accelerator = "KVM"
default_vcpus = 1e9
virtio_fs_extra_args = ["-o", 3]
machine_accelerators = "a,b; c"
[agent.kata]
dial_timeout = -1
kernel_modules = { a = 1 }
[runtime]
enable_debug = "yes"
`),
    ).toEqual([
      '/c.toml:12:16  runtime.enable_debug: must be true or false; got "yes"',
      '/c.toml:2:10  hypervisor.qemu.kernel: must be an absolute path; got "vmlinux"',
      '/c.toml:7:24  hypervisor.qemu.machine_accelerators: must be a comma list of NAME or NAME=VALUE words; got "a,b; c"',
      '/c.toml:4:15  hypervisor.qemu.accelerator: must be one of auto, kvm, tcg; got "KVM" (did you mean "kvm"?)',
      "/c.toml:5:17  hypervisor.qemu.default_vcpus: must be a number of CPUs up to 240, or negative for all CPUs of the host; got 1000000000",
      '/c.toml:3:18  hypervisor.qemu.default_memory: must be a whole number of MiB; the minimum is 96 MiB; got "lots"',
      '/c.toml:6:24  hypervisor.qemu.virtio_fs_extra_args: must be an array of strings; got ["-o",3]',
      "/c.toml:9:16  agent.kata.dial_timeout: must be a whole number from 0 to 86400; got -1",
      "/c.toml:10:18  agent.kata.kernel_modules: must be an array of strings; got a table",
    ]);
  });

  test.each([
    ["[hypervisor.qemu]\nkernel = '/k'\n", ["hypervisor.qemu.initrd: must be set, unless image is"]],
    [`${minimal}image = '/x'\n`, ["hypervisor.qemu.image: excludes initrd"]],
    [
      `${minimal}default_memory = 16\n`,
      ["default_memory: must be a whole number of MiB; the minimum is 96 MiB; got 16"],
    ],
    [`${minimal}default_vcpus = 4\ndefault_maxvcpus = 2\n`, ["must not be below default_vcpus, which is 4"]],
    [`${minimal}default_maxmemory = 200\n`, ["512 MiB are more than a VM may have", "is 200 MiB"]],
    [`${minimal}default_memory = 20000\n`, ["hypervisor.qemu.default_memory: 20000 MiB are more", "is 16000 MiB"]],
    [`${minimal}virtio_fs_queue_size = 1000\n`, ["must be a power of two"]],
    [`${minimal}[runtime]\ndisable_new_netns = true\n`, ['demands internetworking_model "none"']],
    ["[hypervisor.qmeu]\n", ["/c.toml:1:1  hypervisor.qmeu: is not a hypervisor", "(did you mean [hypervisor.qemu]?)"]],
    ["hypervisor = 3\n", ["/c.toml:1:14  hypervisor: must be a table; got 3"]],
  ])("finds what is wrong in %j", (content, parts) => {
    const all = problemsOf(content).join("\n");
    for (const part of parts) expect(all).toContain(part);
  });

  test("is a KataError of stage load-config that names the first key", () => {
    const sys = host({ "/c.toml": `${minimal}default_memory = 1\n` });
    const load = () => loadRuntimeConfig({ sys }, { path: "/c.toml" });
    expect(load).toThrow(KataError);
    expect(load).toThrow(
      expect.objectContaining({
        stage: "load-config",
        code: "invalid-argument",
        field: "hypervisor.qemu.default_memory",
      }),
    );
  });

  test("refuses a file of another kind and one that is too big", () => {
    const sys = host({ "/big.toml": "#".repeat(2 << 20) });
    sys.fake.addDirectory("/dir");
    for (const path of ["/big.toml", "/dir"]) {
      expect(() => loadRuntimeConfig({ sys }, { path })).toThrow(`Cannot read configuration file ${path}`);
    }
  });
});
