import { describe, expect, test } from "vitest";
import { podJudge } from "./annotations/judge-pod.ts";
import type { ConfigError } from "./finding.ts";
import { loadRuntimeConfig } from "./load.ts";
import type { RuntimeConfig } from "./runtime-config.ts";
import { diskWith, mainFile } from "./testing/examined.ts";

const config = "io.katacontainers.config.";
const qemu = '[hypervisor.qemu]\ninitrd = "/i"\n';

function load(text: string, annotations: Readonly<Record<string, string>> = {}, dropIn?: string): RuntimeConfig {
  const sys = diskWith({ [mainFile]: text, ...(dropIn === undefined ? {} : { "1.toml": dropIn }) });
  return loadRuntimeConfig({ sys }, { path: mainFile, judge: podJudge(annotations) });
}

function errorOf(...args: Parameters<typeof load>): ConfigError {
  try {
    load(...args);
  } catch (error) {
    if (error instanceof Error && error.name === "ConfigError") return error as ConfigError;
    throw error;
  }
  throw new Error("No ConfigError");
}

describe("a configuration", () => {
  test("is complete with defaults", () => {
    expect(load(qemu)).toMatchObject({
      hypervisor: {
        name: "qemu",
        path: "/usr/bin/qemu-system-x86_64",
        kernelPath: "/usr/share/kata-containers/vmlinuz.container",
        boot: { kind: "initrd", path: "/i" },
        machineType: "q35",
        accelerator: "auto",
        kernelParams: [],
        defaultVcpus: 1,
        defaultMaxVcpus: 4,
        defaultMemoryMib: 2048,
        defaultMaxMemoryMib: 8192,
        virtioFsQueueSize: 1024,
        entropySource: "/dev/urandom",
        stopTimeoutSeconds: 3,
      },
      agent: { transport: "auto", debug: false, dialTimeoutSeconds: 30, kernelModules: [] },
      runtime: { createContainerTimeoutSeconds: 60, internetworkingModel: "tcfilter", disableNewNetns: false },
      assetHashes: [],
      source: mainFile,
      warnings: [],
    });
  });

  test.each<[string, string, Partial<RuntimeConfig["hypervisor"]>]>([
    ["all CPUs of the host", "default_vcpus = -1", { defaultVcpus: 4, defaultMaxVcpus: 4 }],
    ["no CPU, which is one", "default_vcpus = 0", { defaultVcpus: 1 }],
    ["a fraction of a CPU", "default_vcpus = 1.5", { defaultVcpus: 1.5 }],
    ["no more CPUs than the host", "default_vcpus = 5", { defaultVcpus: 4, defaultMaxVcpus: 4 }],
    ["a limit of CPUs", "default_maxvcpus = 3", { defaultMaxVcpus: 3 }],
    ["a limit of memory", "default_maxmemory = 4096", { defaultMaxMemoryMib: 4096 }],
    ["quoted kernel parameters", `kernel_params = 'quiet x="a b"'`, { kernelParams: ["quiet", 'x="a b"'] }],
    ["an open quote in kernel parameters", `kernel_params = 'quiet x="a b'`, { kernelParams: ["quiet", 'x="a b'] }],
    ["a synonym", 'virtio_fs_cache = "none"', { virtioFsCache: "never" }],
    ["the default, written as 0", "virtio_fs_queue_size = 0", { virtioFsQueueSize: 1024 }],
  ])("has %s", (_what, line, expected) => {
    expect(load(`${qemu}${line}\n`).hypervisor).toMatchObject(expected);
  });

  test.each([
    ["an nvdimm", "", "nvdimm"],
    ["a disk", "disable_image_nvdimm = true\n", "virtio-blk"],
    ["a disk of a machine without slots", 'machine_type = "microvm"\n', "virtio-blk"],
  ])("has an image as %s", (_what, line, driver) => {
    const { boot } = load(`[hypervisor.qemu]\nimage = "/i"\nrootfs_type = "erofs"\n${line}`).hypervisor;
    expect(boot).toEqual({ kind: "image", path: "/i", fsType: "erofs", driver, verity: undefined });
  });

  test("has the parameters of dm-verity", () => {
    const hash = "ab".repeat(32);
    const params = `root_hash=${hash},salt=-,data_blocks=8,data_block_size=4096,hash_block_size=4096`;
    const { boot } = load(`[hypervisor.qemu]\nimage = "/i"\nkernel_verity_params = "${params}"\n`).hypervisor;
    expect(boot).toMatchObject({ verity: { rootHash: hash, dataBlocks: 8n, dataBlockSize: 4096 } });
  });

  test("has what drop-ins and annotations change", () => {
    const { hypervisor, runtime, assetHashes } = load(
      `${qemu}enable_annotations = ["default_vcpus", "kernel_hash"]\ndefault_vcpus = 2\n`,
      {
        [`${config}hypervisor.default_vcpus`]: "3",
        [`${config}hypervisor.kernel_hash`]: "A".repeat(128),
        "io.kubernetes.cri.container-type": "sandbox",
      },
      "[runtime]\nenable_debug = true\n",
    );
    expect(hypervisor.defaultVcpus).toBe(3);
    expect(runtime.debug).toBe(true);
    expect(assetHashes).toEqual([{ asset: "kernel", sha512: "a".repeat(128) }]);
  });

  test("has warnings for what is probably a mistake, and none for notes", () => {
    const { warnings } = load(`${qemu}memory_slots = 4\nuse_vsock = true\ndefalt_vcpus = 1\n`);
    expect(warnings).toEqual([
      `${mainFile}:5:1  hypervisor.qemu.defalt_vcpus: is not a known key and is ignored (did you mean default_vcpus?)`,
    ]);
  });
});

describe("a configuration that cannot be used", () => {
  test("with one problem is that problem", () => {
    const error = errorOf(`${qemu}shared_fs = "virtiofs"\n`);
    expect(error).toMatchObject({
      code: "invalid-argument",
      stage: "load-config",
      field: "hypervisor.qemu.shared_fs",
      hint: "Correct the file, or use another one with --config or KATA_CONF_FILE",
      message:
        `${mainFile}:3:13  hypervisor.qemu.shared_fs: must be one of virtio-fs, virtio-9p, virtio-fs-nydus, inline-virtio-fs, none; ` +
        'got "virtiofs" (did you mean "virtio-fs"?)',
    });
  });

  test("with several has one a line, whether wrong or not possible, and no notes", () => {
    const error = errorOf(`${qemu}kernel = 1\nenable_hugepages = true\nmemory_slots = 4\nfoo = 1\n`);
    expect(error.code).toBe("invalid-argument");
    expect(error.message.split("\n")).toEqual([
      "The configuration has 2 problems",
      expect.stringContaining(":3:10  hypervisor.qemu.kernel: must be"),
      expect.stringContaining(":4:20  hypervisor.qemu.enable_hugepages: is not possible"),
    ]);
    expect(error.findings).toHaveLength(4);
  });

  test("with very many is cut short", () => {
    const error = errorOf(`${qemu}${Array.from({ length: 90 }, (_, index) => `[hypervisor.x${index}]\n`).join("")}`);
    const lines = error.message.split("\n");
    expect(lines).toHaveLength(52);
    expect(lines[0]).toBe("The configuration has 90 problems");
    expect(lines.at(-1)).toBe("  and 40 more; kata-ctl config validate lists them all");
    expect(error.findings).toHaveLength(90);
  });

  test("only because kata-ts cannot do it is no invalid argument", () => {
    expect(errorOf(`${qemu}enable_hugepages = true\n`).code).toBe("unimplemented");
    expect(errorOf('[hypervisor.clh]\nimage = "/i"\n').code).toBe("unimplemented");
  });

  test("because of its pod's annotations says who can help", () => {
    const error = errorOf(qemu, { [`${config}hypervisor.default_vcpus`]: "3" });
    expect(error).toMatchObject({
      code: "invalid-argument",
      hint: "Correct the pod's annotations, or let the operator allow them",
      message: expect.stringContaining(`annotation ${config}hypervisor.default_vcpus  `),
    });
  });

  test("because of a misspelt hypervisor says no more than that", () => {
    const { message } = errorOf('[hypervisor.qemo]\ninitrd = "/i"\n');
    expect(message.split("\n")).toHaveLength(1);
    expect(message).toContain("hypervisor.qemo: is not a hypervisor");
  });
});

// A Go file and a Rust file that mean the same.
const go = `[hypervisor.qemu]
path = "/usr/bin/qemu"
kernel = "/k"
image = "/i"
machine_type = "q35"
seccompsandbox = "on"
block_device_driver = "virtio-blk"
disable_image_nvdimm = true
shared_fs = "virtio-fs"
virtio_fs_daemon = "/usr/libexec/virtiofsd"
virtio_fs_cache = "auto"
hot_plug_vfio = "no-port"
extra_monitor_socket = "qmp"
reclaim_guest_freed_memory = true
default_maxvcpus = 2
[factory]
template_path = "/run/t"
[agent.kata]
dial_timeout = 45
cdh_api_timeout = 50
[agent.kata.mem_agent]
enable = true
[runtime]
hypervisor_name = "qemu"
create_container_timeout = 60
static_sandbox_resource_mgmt = true
vfio_mode = "guest-kernel"
`;
const rust = `[hypervisor.qemu]
path = "/usr/bin/qemu"
kernel = "/k"
image = "/i"
machine_type = "q35"
seccomp_sandbox = "on"
block_device_driver = "virtio-blk-pci"
disable_image_nvdimm = true
shared_fs = "virtio-fs"
virtio_fs_daemon = "/usr/libexec/virtiofsd"
virtio_fs_cache = "auto"
hot_plug_vfio = ""
dbg_monitor_socket = "qmp"
enable_balloon_f_reporting = true
default_maxvcpus = 2
[hypervisor.qemu.factory]
template_path = "/run/t"
[agent.kata]
reconnect_timeout_ms = 45000
cdh_api_timeout_ms = 50000
create_container_timeout = 60
[agent.kata.mem_agent]
mem_agent_enable = true
[runtime]
name = "virt_container"
hypervisor_name = "qemu"
agent_name = "kata"
static_resource_mgmt = true
vfio_mode = ""
`;

test("both runtimes' spellings mean the same", () => {
  const [one, other] = [load(go), load(rust)];
  expect(other).toEqual(one);
  expect(one.hypervisor).toMatchObject({ seccompSandbox: "on", blockDeviceDriver: "virtio-blk" });
  expect(one.agent.dialTimeoutSeconds).toBe(45);
  expect(one.warnings).toEqual([]);
});
