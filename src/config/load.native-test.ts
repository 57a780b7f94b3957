import { expect, type TestContext, test } from "../../test/native/runner.ts";
import { causeChain } from "../base/error.ts";
import { podJudge } from "./annotations/judge-pod.ts";
import { examineConfiguration } from "./examine.ts";
import { findingText } from "./finding.ts";
import { loadRuntimeConfig } from "./load.ts";

function write(context: TestContext, files: Readonly<Record<string, string>>): string {
  const dir = context.tempDir();
  context.sys.mkdir(`${dir}/config.d`);
  for (const [name, text] of Object.entries(files)) context.sys.writeFile(`${dir}/${name}`, text);
  return dir;
}

/** What is told, without the directory. */
function told({ sys }: TestContext, dir: string): string[] {
  const { findings } = examineConfiguration({ sys }, { path: `${dir}/main.toml` });
  return findings.map((finding) => `${finding.severity} ${findingText(finding).replaceAll(`${dir}/`, "")}`);
}

test("the file that is built loads, without a warning", ({ sys }) => {
  const path = `${sys.cwd()}/out/etc/kata-containers/configuration.toml`;
  const { hypervisor, agent, runtime, source, warnings } = loadRuntimeConfig({ sys }, { path });
  expect(warnings).toEqual([]);
  expect(source).toBe(path);
  expect([hypervisor.name, hypervisor.machineType, hypervisor.defaultMemoryMib]).toEqual(["qemu", "q35", 512]);
  expect([hypervisor.sharedFs, hypervisor.virtioFsCache, hypervisor.stopTimeoutSeconds]).toEqual([
    "virtio-fs",
    "auto",
    3,
  ]);
  expect(hypervisor.defaultMaxVcpus >= 1 && hypervisor.defaultMaxMemoryMib > 512).toBe(true);
  expect([agent.transport, agent.dialTimeoutSeconds]).toEqual(["auto", 45]);
  expect(runtime.createContainerTimeoutSeconds).toBe(60);
});

// As upstream's Rust runtime has it, shortened.
const upstream = `
[hypervisor.qemu]
path = "/usr/bin/qemu-system-x86_64"
kernel = "/usr/share/kata-containers/vmlinuz.container"
image = "/usr/share/kata-containers/kata-containers.img"
rootfs_type = "ext4"
machine_type = "q35"
enable_annotations = ["enable_iommu", "virtio_fs_extra_args", "kernel_params", "kernel_verity_params", "default_vcpus", "default_memory"]
valid_hypervisor_paths = ["/usr/bin/qemu-system-x86_64"]
kernel_params = ""
seccomp_sandbox = ""
default_vcpus = 1.0
default_maxvcpus = 0
default_memory = 2048
memory_slots = 10
block_device_driver = "virtio-scsi"
vm_rootfs_driver = "virtio-pmem"
shared_fs = "virtio-fs"
virtio_fs_cache_size = 0
virtio_fs_extra_args = ["--thread-pool-size=1", "--announce-submounts"]
valid_entropy_sources = ["/dev/urandom", "/dev/random", ""]
hot_plug_vfio = ""
[agent.kata]
reconnect_timeout_ms = 5000
create_container_timeout = 60
[agent.kata.mem_agent]
mem_agent_enable = false
[runtime]
name = "virt_container"
hypervisor_name = "qemu"
agent_name = "kata"
internetworking_model = "tcfilter"
static_resource_mgmt = false
vfio_mode = ""
`;

test("a file of upstream loads, with a drop-in and annotations", (context) => {
  const { sys } = context;
  const dir = write(context, {
    "main.toml": upstream,
    "config.d/10-mine.toml": '[hypervisor.qemu]\nkernel_params = "quiet a=1"\n',
  });
  const prefix = "io.katacontainers.config.hypervisor.";
  const judge = podJudge({ [`${prefix}default_memory`]: "1024", [`${prefix}kernel_params`]: "a=2 b" });
  const { hypervisor, agent, runtime, warnings } = loadRuntimeConfig({ sys }, { path: `${dir}/main.toml`, judge });
  expect(warnings).toEqual([]);
  expect(hypervisor.boot).toEqual({
    kind: "image",
    path: "/usr/share/kata-containers/kata-containers.img",
    fsType: "ext4",
    driver: "nvdimm",
    verity: undefined,
  });
  expect([hypervisor.defaultMemoryMib, hypervisor.kernelParams]).toEqual([1024, ["quiet", "a=2", "b"]]);
  expect(hypervisor.virtioFsExtraArgs).toEqual(["--thread-pool-size=1", "--announce-submounts"]);
  expect([agent.dialTimeoutSeconds, runtime.createContainerTimeoutSeconds]).toEqual([10, 60]);
  expect(() =>
    loadRuntimeConfig({ sys }, { path: `${dir}/main.toml`, judge: podJudge({ [`${prefix}path`]: "/bin/sh" }) }),
  ).toThrow("is not allowed here");
});

test("every mistake is told with its place", (context) => {
  const dir = write(context, {
    "main.toml":
      '[hypervisor.qemu]\ninitrd = "/i"\nkernel_params = "é\u{1f600}" # x\n"é\u{1f600}" = 1\nshared_fs = "virtiofs"\n' +
      'default_memory = "2048"\nmemory_slots = 9223372036854775808\ndefalt_vcpus = inf\nqueue_size = inf\nuse_vsock = true\n',
    "config.d/1.toml": "[hypervisor.qemo]\n__proto__ = 1\n[constructor]\nx = \n",
  });
  expect(told(context, dir)).toEqual([
    "error main.toml:7:16  9223372036854775808 does not fit into 64 bits",
    'error config.d/1.toml:4:5  A value must follow "="',
    'warning main.toml:4:1  hypervisor.qemu."é\u{1f600}": is not a known key and is ignored',
    'error main.toml:5:13  hypervisor.qemu.shared_fs: must be one of virtio-fs, virtio-9p, virtio-fs-nydus, inline-virtio-fs, none; got "virtiofs" (did you mean "virtio-fs"?)',
    'error main.toml:6:18  hypervisor.qemu.default_memory: must be a whole number of MiB; the minimum is 96 MiB; got "2048" (did you mean 2048?)',
    "warning main.toml:8:1  hypervisor.qemu.defalt_vcpus: is not a known key and is ignored (did you mean default_vcpus?)",
    "error main.toml:9:14  hypervisor.qemu.queue_size: must be a whole number from 1 to 65535; got inf",
    "note main.toml:10:1  hypervisor.qemu.use_vsock: ended with Kata 2.0: vsock is taken whenever the host has it; see agent_transport in [agent.kata]",
    "error config.d/1.toml:1:13  hypervisor.qemo: is not a hypervisor; known ones are qemu, clh, firecracker, stratovirt, dragonball, acrn, openvmm, remote, virtframework, mock (did you mean [hypervisor.qemu]?)",
    "warning config.d/1.toml:3:2  constructor: is not a known table and is ignored",
  ]);
});

test("drop-ins that cannot be read are named", async (context) => {
  const { sys, loop } = context;
  const dir = write(context, { "main.toml": '[hypervisor.qemu]\ninitrd = "/i"\n', "config.d/a.toml.bak": "[" });
  sys.mkdir(`${dir}/config.d/dir.toml`);
  sys.mkfifo(`${dir}/config.d/fifo.toml`, 0o600);
  sys.symlink("/gone", `${dir}/config.d/gone.toml`);
  sys.symlink("loop.toml", `${dir}/config.d/loop.toml`);
  // No path of ours can be anything but UTF-8.
  const make = ["sh", "-c", "printf '' >\"$(printf 'n\\351.toml')\""];
  const shell = sys.spawn({ path: "/bin/sh", argv: make, env: [], cwd: `${dir}/config.d` });
  expect(await loop.exited(shell)).toEqual({ kind: "exited", code: 0 });
  sys.writeFile(`${dir}/config.d/latin.toml`, Uint8Array.of(0x23, 0x20, 0xe9, 0x0a));
  sys.writeFile(`${dir}/config.d/utf16.toml`, Uint8Array.of(0xff, 0xfe, 0x23, 0x00));
  expect(told(context, dir).map((line) => line.replace(/: stat .*\/loop/, ": stat loop"))).toEqual([
    "note config.d/a.toml.bak  is not read: names of drop-ins end in .toml",
    "error config.d/dir.toml  cannot be read: config.d/dir.toml is not a file but a directory",
    "error config.d/fifo.toml  cannot be read: config.d/fifo.toml is not a file but a fifo",
    "error config.d/gone.toml  is a link to /gone, which does not exist",
    "error config.d/latin.toml:1:3  The file must be UTF-8, which allows no byte 0xe9 here",
    expect.stringContaining("error config.d/loop.toml  cannot be read: stat") as never,
    "error config.d/n\ufffd.toml  cannot be read: its name is not UTF-8; rename it",
    "error config.d/utf16.toml:1:1  The file must be UTF-8, and this is UTF-16",
  ]);
});

test(
  "a hostile file is told of soon",
  ({ sys, tempDir, sanitized }) => {
    const path = `${tempDir()}/main.toml`;
    const head = '[hypervisor.qemu]\ninitrd = "/i"\n';
    const names = Array.from({ length: 60_000 }, (_, index) => `defaul${index} = 1\n`).join("");
    for (const text of [head + names, `${head}${"a".repeat(1_000_000)} = 1\n`, `${head}x = ${"[".repeat(1_000_000)}`]) {
      sys.writeFile(path, text);
      const before = sys.nowMs();
      const { findings } = examineConfiguration({ sys }, { path });
      const tookMs = sys.nowMs() - before;
      expect(findings.length).toBeGreaterThan(0);
      expect(findings.length).toBeLessThan(300);
      expect(tookMs).toBeLessThan(sanitized ? 60_000 : 5000);
    }
    sys.writeFile(path, "#".repeat(10_000_000));
    try {
      examineConfiguration({ sys }, { path });
      throw new Error("It was read");
    } catch (error) {
      expect(error).toMatchObject({ code: "resource-exhausted", stage: "load-config" });
      expect(causeChain(error)[1]).toBe(`File ${path} is larger than 1048576 bytes`);
    }
  },
  { timeoutMs: 60_000 },
);
