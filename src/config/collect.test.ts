import { describe, expect, test } from "vitest";
import { examined, linesOf, toldOf } from "./testing/examined.ts";

const qemu = '[hypervisor.qemu]\ninitrd = "/i"\n';
const known = "qemu, clh, firecracker, stratovirt, dragonball, acrn, openvmm, remote, virtframework, mock";

describe("a name that nobody knows", () => {
  test.each([
    [
      "hypervisor",
      '[hypervisor.qemo]\ninitrd = "/i"\n',
      `error main.toml:1:13  hypervisor.qemo: is not a hypervisor; known ones are ${known} (did you mean [hypervisor.qemu]?)`,
    ],
    [
      "hypervisor in capitals",
      "[hypervisor.QEMU]\n",
      `error main.toml:1:13  hypervisor.QEMU: is not a hypervisor; known ones are ${known} (did you mean [hypervisor.qemu]?)`,
    ],
    [
      "key",
      `${qemu}defalt_vcpus = 1\n`,
      "warning main.toml:3:1  hypervisor.qemu.defalt_vcpus: is not a known key and is ignored (did you mean default_vcpus?)",
    ],
    [
      "key that is like another spelling",
      `${qemu}secomp_sandbox = "on"\n`,
      "warning main.toml:3:1  hypervisor.qemu.secomp_sandbox: is not a known key and is ignored (did you mean seccomp_sandbox?)",
    ],
    [
      "key like no other",
      `${qemu}[runtime]\nxyz = 1\n`,
      "warning main.toml:4:1  runtime.xyz: is not a known key and is ignored",
    ],
    [
      "table",
      `${qemu}[runtme]\na = 1\n`,
      "warning main.toml:3:2  runtme: is not a known table and is ignored (did you mean [runtime]?)",
    ],
    [
      "agent",
      `${qemu}[agent.kat]\na = 1\n`,
      "warning main.toml:3:8  agent.kat: is not a known table and is ignored (did you mean [agent.kata]?)",
    ],
    [
      "table within a table",
      `${qemu}[hypervisor.qemu.facotry]\na = 1\n`,
      "warning main.toml:3:18  hypervisor.qemu.facotry: is not a known table and is ignored (did you mean factory?)",
    ],
    [
      "key of an array's table",
      `${qemu}[[runtime.shared_mounts]]\nsrc_path = "/a"\nnmae = "x"\n`,
      "warning main.toml:5:1  runtime.shared_mounts[0].nmae: is not a known key and is ignored (did you mean name?)",
    ],
  ])("%s", (_what, text, line) => {
    expect(toldOf(text).filter((one) => !one.startsWith("unsupported"))).toEqual([line]);
  });

  test("that means something to JavaScript is nothing special", () => {
    const text = `${qemu}__proto__ = 1\nconstructor = 2\n[__proto__]\nx = 1\n[hypervisor.__proto__]\n[hypervisor.constructor]\n[agent.__proto__]\n[runtime.__proto__]\nenable_debug = true\n`;
    expect(toldOf(text)).toEqual([
      "warning main.toml:3:1  hypervisor.qemu.__proto__: is not a known key and is ignored",
      "warning main.toml:4:1  hypervisor.qemu.constructor: is not a known key and is ignored",
      "warning main.toml:5:2  __proto__: is not a known table and is ignored",
      `error main.toml:7:13  hypervisor.__proto__: is not a hypervisor; known ones are ${known}`,
      `error main.toml:8:13  hypervisor.constructor: is not a hypervisor; known ones are ${known}`,
      "warning main.toml:9:8  agent.__proto__: is not a known table and is ignored",
      "warning main.toml:10:10  runtime.__proto__: is not a known table and is ignored",
    ]);
    expect(({} as Record<string, unknown>).enable_debug).toBeUndefined();
  });

  test("that a terminal would obey is shown harmlessly, and a long one is cut", () => {
    const name = "x".repeat(200);
    expect(toldOf(`${qemu}"\\u001b[31m" = 1\n"a.b" = 2\n${name} = 3\n["\\u202e"]\n`)).toEqual([
      'warning main.toml:3:1  hypervisor.qemu."\\u001b[31m": is not a known key and is ignored',
      'warning main.toml:4:1  hypervisor.qemu."a.b": is not a known key and is ignored',
      `warning main.toml:5:1  hypervisor.qemu."${"x".repeat(64)}...": is not a known key and is ignored`,
      'warning main.toml:6:2  "\\u{202e}": is not a known table and is ignored',
    ]);
  });
});

describe("a value that its key refuses", () => {
  // Each line stands in its table's file at line 3.
  test.each([
    ["hypervisor.qemu", "enable_iommu = 1", 16, "must be true or false; got 1 (did you mean true?)"],
    ["hypervisor.qemu", 'enable_hugepages = "True"', 20, 'must be true or false; got "True" (did you mean true?)'],
    ["hypervisor.qemu", 'enable_numa = "maybe"', 15, 'must be true or false; got "maybe"'],
    [
      "hypervisor.qemu",
      'default_memory = "2048"',
      18,
      'must be a whole number of MiB; the minimum is 96 MiB; got "2048" (did you mean 2048?)',
    ],
    ["hypervisor.qemu", "default_memory = 95", 18, "must be a whole number of MiB; the minimum is 96 MiB; got 95"],
    [
      "hypervisor.qemu",
      "default_memory = 512.0",
      18,
      "must be a whole number of MiB; the minimum is 96 MiB; got 512.0 (did you mean 512?)",
    ],
    ["hypervisor.qemu", "default_bridges = 9", 19, "must be a whole number from 0 to 5; got 9"],
    ["hypervisor.qemu", "memory_slots = -1", 16, "must be a whole number from 0 to 256; got -1"],
    ["hypervisor.qemu", "queue_size = inf", 14, "must be a whole number from 1 to 65535; got inf"],
    ["hypervisor.qemu", "queue_size = 1.5", 14, "must be a whole number from 1 to 65535; got 1.5"],
    [
      "hypervisor.qemu",
      "memory_offset = 9223372036854775807",
      17,
      "must be a whole number of at least 0; got 9223372036854775807",
    ],
    [
      "hypervisor.qemu",
      "block_device_logical_sector_size = 513",
      36,
      "must be 0 or a power of two from 512 to 65536; got 513",
    ],
    ["hypervisor.qemu", "snp_guest_policy = -1", 20, "must be a whole number from 0 to 18446744073709551615; got -1"],
    [
      "hypervisor.qemu",
      "default_vcpus = true",
      17,
      "must be a number of CPUs up to 240, or negative for all CPUs of the host; got true",
    ],
    [
      "hypervisor.qemu",
      "default_vcpus = -inf",
      17,
      "must be a number of CPUs up to 240, or negative for all CPUs of the host; got -inf",
    ],
    [
      "hypervisor.qemu",
      "kernel_params = 5",
      17,
      'must be a string of at most 4096 characters without control characters; got 5 (did you mean "5"?)',
    ],
    [
      "hypervisor.qemu",
      'kernel_params = "a\\nb"',
      17,
      'must be a string of at most 4096 characters without control characters; got "a\\nb"',
    ],
    ["hypervisor.qemu", 'kernel = "vmlinuz"', 10, 'must be an absolute path; got "vmlinuz"'],
    ["hypervisor.qemu", "kernel = { a = 1 }", 10, "must be an absolute path; got a table"],
    [
      "hypervisor.qemu",
      'shared_fs = "virtiofs"',
      13,
      'must be one of virtio-fs, virtio-9p, virtio-fs-nydus, inline-virtio-fs, none; got "virtiofs" (did you mean "virtio-fs"?)',
    ],
    [
      "hypervisor.qemu",
      "shared_fs = 1979-05-27",
      13,
      "must be one of virtio-fs, virtio-9p, virtio-fs-nydus, inline-virtio-fs, none; got 1979-05-27",
    ],
    [
      "hypervisor.qemu",
      'enable_annotations = ".*"',
      22,
      'must be an array of strings; got ".*" (did you mean [".*"]?)',
    ],
    ["hypervisor.qemu", 'pflashes = [1, "a"]', 12, 'must be an array of strings; item 1 is wrong; got [1, "a"]'],
    [
      "hypervisor.qemu.rootless_user",
      'groups = ["a"]',
      10,
      'must be an array of whole numbers from 0 to 4294967295; got ["a"]',
    ],
    ["runtime", "shared_mounts = 1", 17, "must be an array of tables; got 1"],
    ["runtime", 'hypervisor_name = "Qemu"', 19, `must be one of "", ${known}; got "Qemu" (did you mean "qemu"?)`],
  ])("[%s] %s", (table, line, column, rule) => {
    const isMain = table === "hypervisor.qemu";
    const source = isMain ? `${qemu}${line}\n` : `hypervisor.qemu.initrd = "/i"\n[${table}]\n${line}\n`;
    const key = `${table}.${line.split(" ", 1)[0]}`;
    expect(toldOf(source)).toEqual([`error main.toml:3:${column}  ${key}: ${rule}`]);
  });

  test("is cut when it is long, and shown harmlessly", () => {
    expect(toldOf(`${qemu}kernel = "${"x".repeat(300)}"\nshared_fs = "\u202e\u009b"\n`)).toEqual([
      `error main.toml:3:10  hypervisor.qemu.kernel: must be an absolute path; got "${"x".repeat(76)}...`,
      "error main.toml:4:13  hypervisor.qemu.shared_fs: must be one of virtio-fs, virtio-9p, virtio-fs-nydus, inline-virtio-fs, none; " +
        'got "\\u202E\\u009B"',
    ]);
  });

  test("in a table of an array is told at its own line", () => {
    const table = "[[hypervisor.qemu.guest_extension_images]]";
    expect(toldOf(`${qemu}${table}\nname = "ok"\n${table}\nname = "a/b"\npath = 3\n`)).toEqual([
      'error main.toml:6:8  hypervisor.qemu.guest_extension_images[1].name: must be at most 64 letters, digits, _ and -; got "a/b"',
      "error main.toml:7:8  hypervisor.qemu.guest_extension_images[1].path: must be an absolute path, or empty; got 3",
    ]);
    expect(toldOf(`${qemu}[hypervisor.qemu.guest_extension_images]\nname = "ok"\n`)).toEqual([
      "error main.toml:3:1  hypervisor.qemu.guest_extension_images: must be an array of tables; got a table " +
        "(did you mean [[hypervisor.qemu.guest_extension_images]]?)",
    ]);
  });
});

describe("tables and values in each other's place", () => {
  test("a value where tables stand", () => {
    expect(toldOf('hypervisor = 1\nagent = "x"\nruntime = true\nfactory = []\n')).toEqual([
      "error main.toml:1:14  hypervisor: must be a table: [hypervisor.NAME]; got 1",
      'error main.toml:2:9  agent: must be a table: [agent.kata]; got "x"',
      "error main.toml:3:11  runtime: must be a table: [runtime]; got true",
      "error main.toml:4:11  factory: must be a table: [factory]; got []",
    ]);
  });

  test("values one table too high", () => {
    const text = 'kernel = "/k"\nwhat = 3\n[hypervisor]\npath = "/x"\n[agent]\nkata = 2\nenable_debug = true\n';
    expect(toldOf(text)).toEqual([
      "warning main.toml:1:1  kernel: stands before the first table and is ignored; it belongs below [hypervisor.NAME]",
      "warning main.toml:2:1  what: stands before the first table and is ignored",
      "error main.toml:4:1  hypervisor.path: must not stand directly below [hypervisor], but below [hypervisor.NAME]",
      "error main.toml:6:8  agent.kata: must be a table: [agent.kata]; got 2",
      "error main.toml:7:1  agent.enable_debug: must not stand directly below [agent], but below [agent.kata]",
    ]);
  });

  test("arrays of tables", () => {
    expect(toldOf('[[hypervisor.qemu]]\ninitrd = "/i"\n[[runtime]]\n[[agent]]\n')).toEqual([
      "error main.toml:1:14  hypervisor.qemu: must be one table, [hypervisor.qemu], not an array of tables",
      "error main.toml:3:3  runtime: must be one table, [runtime], not an array of tables",
      "error main.toml:4:3  agent: must be one table, [agent.kata], not an array of tables",
    ]);
  });

  test("a table where a value stands", () => {
    expect(toldOf(`${qemu}[hypervisor.qemu.kernel]\na = 1\n[runtime.enable_debug]\n`)).toEqual([
      "error main.toml:3:1  hypervisor.qemu.kernel: must be an absolute path; got a table",
      "error main.toml:5:1  runtime.enable_debug: must be true or false; got a table",
    ]);
  });
});

describe("other spellings", () => {
  const value = (text: string, path: string) =>
    examined(text).settings.list.find((setting) => setting.path === path)?.value;

  test.each([
    ['[hypervisor.qemu]\nseccomp_sandbox = "off"\nseccompsandbox = "on"\n', "hypervisor.qemu.seccompsandbox", "on"],
    ['[hypervisor.qemu]\nseccompsandbox = "on"\nseccomp_sandbox = "off"\n', "hypervisor.qemu.seccompsandbox", "on"],
    ['[hypervisor.qemu]\nseccomp_sandbox = "off"\n', "hypervisor.qemu.seccompsandbox", "off"],
    ["[runtime]\nstatic_resource_mgmt = true\n", "runtime.static_sandbox_resource_mgmt", true],
    ["[agent.kata]\nreconnect_timeout_ms = 45001\n", "agent.kata.dial_timeout", 46],
    ["[agent.kata]\nreconnect_timeout_ms = 300\n", "agent.kata.dial_timeout", 10],
    ["[agent.kata]\ncreate_container_timeout = 7\n", "runtime.create_container_timeout", 7],
    ['[hypervisor.qemu.factory]\ntemplate_path = "/b"\n', "factory.template_path", "/b"],
    [
      '[hypervisor.qemu.factory]\ntemplate_path = "/b"\n[factory]\ntemplate_path = "/a"\n',
      "factory.template_path",
      "/a",
    ],
    ["[agent.kata.mem_agent]\nmem_agent_enable = true\n", "agent.kata.mem_agent.enable", true],
  ])("%j", (text, path, expected) => {
    expect(value(text, path)).toBe(expected);
  });

  test("below a hypervisor's table count with that hypervisor only", () => {
    const main = '[hypervisor.qemu]\n[factory]\ntemplate_path = "/a"\n';
    const path = "factory.template_path";
    const withDropIn = (dropIn: string) =>
      examined(main, { dropIns: { "a.toml": dropIn } }).settings.list.find((setting) => setting.path === path)?.value;
    expect(withDropIn('[hypervisor.clh.factory]\ntemplate_path = "/b"\n')).toBe("/a");
    expect(withDropIn('[hypervisor.qemu.factory]\ntemplate_path = "/b"\n')).toBe("/b");
    expect(
      value(
        '[hypervisor.qemu.factory]\ntemplate_path = "/b"\n[hypervisor.clh.factory]\n[runtime]\nhypervisor_name = "clh"\n',
        path,
      ),
    ).toBe("/run/vc/vm/template");
  });

  test("give way to the key's own name, which is noted in either order", () => {
    const note = (line: number) =>
      `note main.toml:${line}:1  hypervisor.qemu.seccomp_sandbox: is another name of hypervisor.qemu.seccompsandbox, which is set as well and counts`;
    expect(toldOf(`${qemu}seccompsandbox = "on"\nseccomp_sandbox = "off"\n`)).toEqual([note(4)]);
    expect(toldOf(`${qemu}seccomp_sandbox = "off"\nseccompsandbox = "on"\n`)).toEqual([note(3)]);
    const factory = toldOf(`${qemu}[hypervisor.qemu.factory]\ntemplate_path = "/b"\n[factory]\ntemplate_path = "/a"\n`);
    expect(factory).toContain(
      "note main.toml:4:1  hypervisor.qemu.factory.template_path: is another name of factory.template_path, which is set as well and counts",
    );
  });

  test("count over the key's own name in a file before", () => {
    const { settings } = examined(`${qemu}seccompsandbox = "on"\n`, {
      dropIns: { "1.toml": '[hypervisor.qemu]\nseccomp_sandbox = "off"\n' },
    });
    expect(settings.list.find(({ path }) => path === "hypervisor.qemu.seccompsandbox")).toMatchObject({
      value: "off",
      origin: { line: 2, column: 19, dropIn: true },
    });
  });

  test("are told as they are written when their value is wrong", () => {
    const text = `${qemu}seccomp_sandbox = 1\n[agent.kata]\nreconnect_timeout_ms = "x"\ncdh_api_timeout_ms = -5\n`;
    expect(toldOf(text)).toEqual([
      'error main.toml:3:19  hypervisor.qemu.seccomp_sandbox: must be a comma list of NAME or NAME=VALUE words; got 1 (did you mean "1"?)',
      'error main.toml:5:24  agent.kata.reconnect_timeout_ms: stands for agent.kata.dial_timeout in seconds, which must be a whole number from 0 to 86400; got "x"',
      "error main.toml:6:22  agent.kata.cdh_api_timeout_ms: stands for agent.kata.cdh_api_timeout in seconds, which must be a whole number from 0 to 4294967295; got -5",
    ]);
  });

  test("of the same hypervisor must not stand in one file", () => {
    expect(toldOf('[hypervisor.clh]\nimage = "/i"\n[hypervisor.cloud-hypervisor]\n')).toContain(
      "error main.toml:3:13  hypervisor.cloud-hypervisor: is the hypervisor clh, which has a table in this file already; write one table",
    );
  });
});

test("a file of Kata 1.x loads, with a note for each thing that is gone", () => {
  const text = `[hypervisor.qemu]
path = "/usr/bin/qemu-lite-system-x86_64"
kernel = "/usr/share/kata-containers/vmlinuz.container"
image = "/usr/share/kata-containers/kata-containers.img"
machine_type = "q35"
default_vcpus = 1
use_vsock = true
enable_swap = true
hotplug_vfio_on_root_bus = true
file_mem_backend = ""
[factory]
enable_template = false
vm_cache_number = 0
[proxy.kata]
path = "/usr/libexec/kata-containers/kata-proxy"
[shim.kata]
path = "/usr/libexec/kata-containers/kata-shim"
enable_debug = true
[agent.kata]
enable_debug = true
trace_mode = "dynamic"
trace_type = "isolated"
kernel_modules = []
[netmon]
path = "/usr/libexec/kata-containers/kata-netmon"
[runtime]
internetworking_model = "tcfilter"
disable_guest_seccomp = true
sandbox_cgroup_only = false
enable_agent_pidns = false
experimental = []
`;
  const { findings, settings } = examined(text);
  expect(findings.every(({ severity, code }) => severity === "note" && code === "retired")).toBe(true);
  expect(linesOf(findings).map((line) => line.replace(/: ended with .*/, ": ended"))).toEqual([
    "note main.toml:7:1  hypervisor.qemu.use_vsock: ended",
    "note main.toml:8:1  hypervisor.qemu.enable_swap: ended",
    "note main.toml:9:1  hypervisor.qemu.hotplug_vfio_on_root_bus: ended",
    "note main.toml:10:1  hypervisor.qemu.file_mem_backend: ended",
    "note main.toml:14:2  proxy: ended",
    "note main.toml:16:2  shim: ended",
    "note main.toml:21:1  agent.kata.trace_mode: ended",
    "note main.toml:22:1  agent.kata.trace_type: ended",
    "note main.toml:24:2  netmon: ended",
    "note main.toml:30:1  runtime.enable_agent_pidns: ended",
  ]);
  expect(settings.list.find(({ path }) => path === "hypervisor.qemu.path")?.value).toBe(
    "/usr/bin/qemu-lite-system-x86_64",
  );
});

test("a file for a hypervisor with a control program loads", () => {
  const text = `[hypervisor.acrn]\npath = "/usr/bin/acrn-dm"\nctlpath = "/usr/bin/acrnctl"\nimage = "/i"\nkernel = "/k"\n`;
  const { findings, settings } = examined(text);
  expect(findings.filter(({ severity }) => severity !== "unsupported")).toEqual([]);
  expect(settings.list.find(({ path }) => path === "hypervisor.acrn.ctlpath")?.value).toBe("/usr/bin/acrnctl");
});

test("twenty mistakes are twenty findings, in the order of their lines", () => {
  const text = `[hypervisor.qemu]
initrd = "/i"
path = "qemu"
kernel = 1
machine_type = "q53"
cpu_features = "a b"
default_vcpus = "1"
default_memory = 1
memory_slots = 1.0
shared_fs = "virtio_fs"
virtio_fs_cache = "sometimes"
block_device_aio = "uring"
enable_iommu = "yes"
pcie_root_prot = 1
hot_plug_vfio = 1
enable_annotations = [1]
[hypervisor.quemu]
[agent.kata]
enable_debug = 1
kernel_modules = "a"
[runtime]
internetworking_model = "tc"
sandbox_cgroup_only = 0
[runtimes]
`;
  const places = examined(text).findings.map(({ place }) => (place.kind === "file" ? place.line : 0));
  expect(places).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 22, 23, 24]);
});
