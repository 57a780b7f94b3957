import { expect, test } from "vitest";
import { KataError } from "../../../../base/error.ts";
import { SysError } from "../../../../sys/error.ts";
import type { Probe } from "../probe.ts";
import { probes } from "../probes.ts";
import { elf, HealthyHost, manifest } from "../testing/healthy-host.ts";

/** Something that is wrong with a host, and what the probe of this id says about it. */
type Row = readonly [id: string, what: string, spoil: (host: HealthyHost) => unknown, expected: object];

const matching = (pattern: RegExp) => expect.stringMatching(pattern);
const meminfo = (host: HealthyHost, total: number, available: number) =>
  host.sys.fake.addFile("/proc/meminfo", `MemTotal: ${total * 1024} kB\nMemAvailable: ${available * 1024} kB\n`);
const says = (path: string, line: string) => (host: HealthyHost) => host.programs.set(path, line);
const cannotRun = (code: string) => (host: HealthyHost) =>
  Object.assign(host, {
    askVersion: () => Promise.reject(new SysError("execve", 0, code, "Refused", "/program")),
  });
const qemu = "/usr/bin/qemu-system-x86_64";
const daemon = "/usr/libexec/virtiofsd";
const writeManifest = (change: object) => (host: HealthyHost) =>
  host.sys.fake.addFile("/guest/manifest.json", JSON.stringify({ ...manifest, ...change }));

const broken = (error: KataError) => (host: HealthyHost) =>
  Object.assign(host, { configuration: { kind: "broken", error } });
const image = (path: string) => (host: HealthyHost) =>
  host.configure({ boot: { kind: "image", path, fsType: "ext4", driver: "virtio-blk", verity: undefined } });

const withRoom = (mebibytes: number, freeFiles: bigint) => (host: HealthyHost) => {
  const facts = { ...host.sys.statFs("/run"), availableBlocks: BigInt(mebibytes) * 256n, freeFiles };
  Object.assign(host.sys, { statFs: () => facts });
};

const rows: readonly Row[] = [
  [
    "configuration",
    "a mistake",
    broken(new KataError("invalid-argument", "/c.toml:3:1  a.b: must be d", { hint: "Correct the file" })),
    { result: "failed", reason: "/c.toml:3:1  a.b: must be d", details: [], remedy: "Correct the file" },
  ],
  [
    "configuration",
    "many mistakes",
    broken(new KataError("invalid-argument", "The configuration has 2 problems\n  one\n  two")),
    { result: "failed", reason: "The configuration has 2 problems", details: ["one", "two"] },
  ],
  [
    "configuration",
    "a file that cannot be read",
    broken(new KataError("permission-denied", "Cannot read /c.toml", { cause: new Error("open /c.toml: EACCES") })),
    { result: "failed", reason: "Cannot read /c.toml", details: ["open /c.toml: EACCES"] },
  ],
  [
    "configuration",
    "a warning",
    (host) => host.change(() => ({ warnings: ["/etc/kata.toml:9:1  x: unknown"] })),
    { result: "warning", reason: "/etc/kata.toml: one warning", details: ["/etc/kata.toml:9:1  x: unknown"] },
  ],
  [
    "hypervisor",
    "none installed",
    (host) => host.programs.clear(),
    { result: "failed", reason: `there is no ${qemu}`, remedy: matching(/qemu-system-x86/) },
  ],
  [
    "hypervisor",
    "a file that is no program",
    cannotRun("EACCES"),
    { result: "failed", reason: matching(/cannot be run: .*EACCES/) },
  ],
  [
    "hypervisor",
    "too old",
    says(qemu, "QEMU emulator version 4.2.1"),
    { result: "failed", reason: matching(/^QEMU 4.2.1 is too old/), remedy: "Use QEMU 5.0 or newer" },
  ],
  ["hypervisor", "just new enough", says(qemu, "QEMU emulator version 5.0.0"), { result: "ok", reason: "QEMU 5.0.0" }],
  [
    "hypervisor",
    "another version by two digits",
    says(qemu, "QEMU emulator version 10.1.0 (Debian)"),
    { result: "ok", reason: "QEMU 10.1.0" },
  ],
  [
    "hypervisor",
    "another program",
    says(qemu, "hello\u001b[2J"),
    { result: "failed", reason: matching(/is not QEMU: it says "hello\\u001b/) },
  ],
  ["hypervisor", "a silent program", says(qemu, ""), { result: "failed", reason: matching(/it says ""/) }],
  [
    "hypervisor",
    "one that has no driver",
    (host) => host.configure({ name: "clh" }),
    { result: "failed", reason: "there is no driver for clh" },
  ],
  [
    "virtiofsd",
    "none installed",
    (host) => [host.programs.clear(), host.sys.unlink(daemon)],
    { result: "failed", reason: `there is no ${daemon}`, remedy: matching(/virtio_fs_daemon/) },
  ],
  [
    "virtiofsd",
    "the C daemon",
    (host) => [
      host.configure({ virtioFsDaemonPath: "/usr/lib/qemu/virtiofsd" }),
      says("/usr/lib/qemu/virtiofsd", "virtiofsd version 7.2.22 (Debian)")(host),
    ],
    { result: "ok", reason: "virtiofsd 7.2.22, in C" },
  ],
  [
    "virtiofsd",
    "the C daemon where the other one is looked for",
    says(daemon, "virtiofsd version 7.2.22"),
    { result: "failed", reason: matching(/in C, but would get the other one's arguments/) },
  ],
  ["virtiofsd", "another program", says(daemon, "busybox"), { result: "failed", reason: matching(/is not virtiofsd/) }],
  [
    "virtiofsd",
    "no need of it",
    (host) => host.configure({ sharedFs: "none" }),
    { result: "skipped", reason: 'shared_fs is "none"' },
  ],
  [
    "guest-kernel",
    "missing",
    (host) => host.sys.unlink("/guest/vmlinux"),
    { result: "failed", reason: "there is no /guest/vmlinux", remedy: matching(/guest build/) },
  ],
  [
    "guest-kernel",
    "unreadable",
    (host) => host.sys.fake.fail("open", "EACCES"),
    { result: "failed", reason: "/guest/vmlinux cannot be read (EACCES)" },
  ],
  [
    "guest-kernel",
    "a directory",
    (host) => host.configure({ kernelPath: "/guest" }),
    { result: "failed", reason: matching(/no file, but of the kind directory/) },
  ],
  [
    "guest-kernel",
    "empty",
    (host) => host.sys.fake.addFile("/guest/vmlinux"),
    { result: "failed", reason: "/guest/vmlinux is empty" },
  ],
  [
    "guest-kernel",
    "a text",
    (host) => host.sys.fake.addFile("/guest/vmlinux", "#!/bin/sh"),
    { result: "failed", reason: "/guest/vmlinux does not begin as a kernel does" },
  ],
  [
    "guest-kernel",
    "another architecture's",
    (host) => host.sys.fake.addFile("/guest/vmlinux", elf(183)),
    { result: "failed", reason: "/guest/vmlinux is for arm64, this machine is amd64" },
  ],
  [
    "guest-root",
    "missing",
    (host) => host.sys.unlink("/guest/initrd.img"),
    { result: "failed", reason: "there is no /guest/initrd.img" },
  ],
  [
    "guest-root",
    "cut to nothing",
    (host) => host.sys.fake.addFile("/guest/initrd.img"),
    { result: "failed", reason: "/guest/initrd.img is empty" },
  ],
  [
    "guest-root",
    "a kernel instead",
    (host) => host.sys.fake.addFile("/guest/initrd.img", elf(62)),
    { result: "failed", reason: matching(/does not begin as an initrd does/) },
  ],
  [
    "guest-root",
    "an image that is none",
    image("/guest/vmlinux"),
    { result: "failed", reason: matching(/does not begin as a disk image does/), remedy: matching(/set image in/) },
  ],
  ["guest-content", "built by others", (host) => host.sys.unlink("/guest/manifest.json"), { result: "skipped" }],
  [
    "guest-content",
    "a damaged manifest",
    (host) => host.sys.fake.addFile("/guest/manifest.json", "{"),
    { result: "warning", reason: matching(/manifest.json is damaged/) },
  ],
  [
    "guest-content",
    "no crun",
    writeManifest({ packages: [] }),
    { result: "failed", reason: "the guest has no crun", remedy: matching(/--force/) },
  ],
  [
    "guest-content",
    "nothing at all",
    writeManifest({ packages: undefined, agent: undefined }),
    { result: "failed", reason: "the guest has no crun and no agent" },
  ],
  [
    "guest-content",
    "a cut initrd",
    (host) => host.sys.fake.addFile("/guest/initrd.img", "070701"),
    { result: "warning", reason: matching(/has 6 bytes, its manifest.json says 16/) },
  ],
  ["vsock", "a VMM without a driver", (host) => host.configure({ name: "clh" }), { result: "skipped" }],
  [
    "vsock",
    "asked for and not there",
    (host) => [
      host.sys.unlink("/dev/vhost-vsock"),
      host.change(({ agent }) => ({ agent: { ...agent, transport: "vsock" } })),
    ],
    { result: "failed", reason: matching(/no \/dev\/vhost-vsock/), remedy: matching(/^modprobe vhost_vsock/) },
  ],
  [
    "vsock",
    "not there, and not asked for",
    (host) => host.sys.unlink("/dev/vhost-vsock"),
    { result: "ok", reason: matching(/^virtio-serial/) },
  ],
  [
    "memory",
    "a host too small",
    (host) => meminfo(host, 400, 300),
    { result: "failed", reason: matching(/the host has 400 MiB/) },
  ],
  [
    "memory",
    "a host that is full",
    (host) => meminfo(host, 4000, 300),
    { result: "warning", reason: matching(/300 MiB are free/) },
  ],
  ["state", "little room", withRoom(63, 1n), { result: "warning", reason: "63 MiB are free in /run" }],
  [
    "state",
    "no room",
    withRoom(0, 1n),
    { result: "failed", reason: matching(/^0 .*free in \/run$/), remedy: matching(/gc/) },
  ],
  ["state", "no room for another file", withRoom(900, 0n), { result: "failed", reason: matching(/no more files/) }],
  [
    "entropy",
    "no such source",
    (host) => host.configure({ entropySource: "/dev/none" }),
    { result: "failed", reason: matching(/ENOENT/), remedy: matching(/urandom/) },
  ],
  [
    "entropy",
    "a file",
    (host) => host.configure({ entropySource: "/etc/kata.toml" }),
    { result: "warning", reason: "/etc/kata.toml is a file, whose numbers run out" },
  ],
  [
    "entropy",
    "a directory",
    (host) => host.configure({ entropySource: "/etc" }),
    { result: "failed", reason: "/etc is no device, but of the kind directory" },
  ],
  [
    "entropy",
    "a source that is not ours",
    (host) => host.sys.fake.fail("open", "EPERM"),
    { result: "failed", reason: matching(/EPERM/) },
  ],
  [
    "namespaces",
    "forbidden",
    (host) => host.sys.fake.addFile("/proc/sys/user/max_net_namespaces", "0\n"),
    { result: "failed", reason: "/proc/sys/user/max_net_namespaces is 0" },
  ],
  [
    "namespaces",
    "not in the kernel",
    (host) => host.sys.unlink("/proc/self/ns/net"),
    { result: "failed", reason: "the kernel has none of the kind net" },
  ],
  [
    "cgroups",
    "none",
    (host) => host.sys.removeTree("/sys/fs/cgroup"),
    { result: "warning", remedy: matching(/mount -t cgroup2/) },
  ],
  [
    "cgroups",
    "v2 without delegation",
    (host) => host.sys.fake.addFile("/sys/fs/cgroup/cgroup.subtree_control", "cpu\n"),
    { result: "warning", reason: matching(/^v2 without memory, pids/), remedy: matching(/"\+memory \+pids" > /) },
  ],
  [
    "cgroups",
    "v2 without a controller",
    (host) => [
      host.sys.fake.addFile("/sys/fs/cgroup/cgroup.subtree_control", "cpu pids\n"),
      host.sys.fake.addFile("/sys/fs/cgroup/cgroup.controllers", "cpu pids\n"),
    ],
    { result: "warning", remedy: matching(/cgroup_enable=memory/) },
  ],
  [
    "cgroups",
    "read-only",
    (host) => host.sys.fake.addFile("/proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 ro,nosuid 0 0\n"),
    { result: "warning", reason: matching(/^v2, read-only/) },
  ],
  [
    "cgroups",
    "v1",
    (host) => [
      host.setCgroups("v1"),
      ...["cpu,cpuacct", "memory", "pids"].map((name) => host.sys.fake.addDirectory(`/sys/fs/cgroup/${name}`)),
    ],
    { result: "ok", reason: "v1 with cpu, memory, pids" },
  ],
  [
    "cgroups",
    "v1 without pids",
    (host) => [
      host.setCgroups("v1"),
      ...["cpu", "memory"].map((name) => host.sys.fake.addDirectory(`/sys/fs/cgroup/${name}`)),
    ],
    { result: "warning", reason: matching(/^v1 without pids/) },
  ],
  [
    "cgroups",
    "hybrid",
    (host) => [
      host.setCgroups("v1"),
      host.sys.fake.addFile("/sys/fs/cgroup/unified/cgroup.controllers"),
      ...["cpu", "memory", "pids"].map((name) => host.sys.fake.addDirectory(`/sys/fs/cgroup/${name}`)),
    ],
    { result: "ok", reason: matching(/^hybrid with/) },
  ],
  [
    "network",
    "no tun",
    (host) => host.sys.unlink("/dev/net/tun"),
    { result: "warning", reason: matching(/only sandboxes without a network/), remedy: matching(/modprobe tun/) },
  ],
  [
    "network",
    "a kernel without traffic control",
    (host) => host.sys.fake.addFile("/lib/modules/6.1.0-fake/modules.dep", "kernel/net/sched/cls_u32.ko: \n"),
    { result: "warning", reason: matching(/lacks sch_ingress, act_mirred$/) },
  ],
  [
    "network",
    "a model that is not there",
    (host) => host.change(({ runtime }) => ({ runtime: { ...runtime, internetworkingModel: "macvtap" } })),
    { result: "failed", reason: matching(/macvtap/) },
  ],
  [
    "network",
    "none wanted",
    (host) => host.change(({ runtime }) => ({ runtime: { ...runtime, internetworkingModel: "none" } })),
    { result: "skipped" },
  ],
  [
    "open-files",
    "few",
    (host) => host.sys.fake.addFile("/proc/self/limits", "Max open files   256   256  files\n"),
    { result: "warning", reason: "256 for a process of this shell" },
  ],
  [
    "open-files",
    "no limit",
    (host) => host.sys.fake.addFile("/proc/self/limits", "Max open files  unlimited  unlimited  files\n"),
    { result: "ok" },
  ],
  ["open-files", "untold", (host) => host.sys.fake.addFile("/proc/self/limits", ""), { result: "skipped" }],
];

test.each(rows)("%s: %s", async (id, _, spoil, expected) => {
  const host = new HealthyHost();
  const probe = probes.find((candidate) => candidate.id === id) as Probe;
  expect(await host.run(probe), "before").toMatchObject({ result: "ok" });
  spoil(host);
  expect(await host.run(probe)).toMatchObject(expected);
  expect(host.sys.fake.openDescriptors).toEqual([]);
});
