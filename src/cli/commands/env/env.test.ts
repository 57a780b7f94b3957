import { beforeEach, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../../../base/bytes.ts";
import { FakeConsole } from "../../testing/fake-console.ts";
import { HealthyHost } from "../check/testing/healthy-host.ts";
import type { Environment } from "./handler.ts";
import { hostTable } from "./host.ts";
// Here already: the fake's time does not wait for modules that are loaded late.
import "./index.ts";

let shell: FakeConsole;
let host: HealthyHost;
beforeEach(() => {
  shell = new FakeConsole();
  host = new HealthyHost(shell.sys);
  shell.sys.fake.addFile("/etc/os-release", 'PRETTY_NAME="x"\nNAME=\'Debian GNU/Linux\'\nVERSION_ID="12"\n');
  const { processes } = shell.sys.fake;
  processes.onSpawn = ({ options, pid }) => {
    shell.sys.write(options.fds?.[1] ?? -1, utf8Encode(`${host.programs.get(options.path) ?? ""}\nmore\n`));
    void Promise.resolve().then(() => processes.exit(pid, { kind: "exited", code: 0 }));
  };
});

const env = (...words: string[]) => shell.run("--config", "/etc/kata.toml", ...words);
const environment = async () => JSON.parse((await env("env", "--json")).stdout) as Environment;

test("prints TOML with upstream's tables and keys", async () => {
  const { code, stderr, stdout } = await env("env");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.replace(/ = .*/g, " =")).toMatchSnapshot();
  expect(stdout).toContain('\n[Hypervisor]\nName = "qemu"\n');
  expect(stdout).toContain("\nEnableAnnotations = []\n");
  expect(stdout).toContain("\n[Host.Memory]\nTotal = 16777216\nFree = 1\n");
  expect((await env("kata-env")).stdout).toBe(stdout);
});

// Of format version 1.0.27; ours come on top.
const upstream: Readonly<Record<string, string>> = {
  "": "Kernel Meta Image Initrd Hypervisor Runtime Host Agent",
  Kernel: "Path Parameters",
  Meta: "Version",
  Image: "Path",
  Initrd: "Path",
  Hypervisor:
    "MachineType Version Path BlockDeviceDriver EntropySource SharedFS VirtioFSDaemon SocketPath Msize9p MemorySlots HotPlugVFIO ColdPlugVFIO PCIeRootPort PCIeSwitchPort Debug SecurityInfo",
  "Hypervisor.SecurityInfo": "Rootless DisableSeccomp GuestHookPath EnableAnnotations ConfidentialGuest",
  Runtime:
    "Path GuestSeLinuxLabel Experimental Debug Trace DisableGuestSeccomp DisableNewNetNs SandboxCgroupOnly Config Version",
  "Runtime.Config": "Path",
  "Runtime.Version": "OCI Version",
  "Runtime.Version.Version": "Semver Commit Major Minor Patch",
  Host: "AvailableGuestProtections Kernel Architecture VMContainerCapable SupportVSocks Distro CPU Memory",
  "Host.Distro": "Name Version",
  "Host.CPU": "Vendor Model CPUs",
  "Host.Memory": "Total Free Available",
  Agent: "Debug Trace",
};
const ours = ["Hypervisor.Name", "Hypervisor.Accelerator", "Agent.Transport"];

test("--json has the same keys, upstream's and three of ours", async () => {
  const keysOf = (value: unknown, path: string): string[] =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? [path]
      : [path, ...Object.entries(value).flatMap(([key, inner]) => keysOf(inner, path === "" ? key : `${path}.${key}`))];
  const wanted = Object.entries(upstream).flatMap(([table, keys]) =>
    keys.split(" ").map((key) => (table === "" ? key : `${table}.${key}`)),
  );
  expect(new Set(keysOf(await environment(), ""))).toEqual(new Set(["", ...wanted, ...ours]));
});

test("values come from the configuration", async () => {
  shell.sys.fake.addFile("/guest/image", "");
  shell.sys.fake.addFile(
    "/etc/kata.toml",
    `[hypervisor.qemu]
kernel = "/guest/vmlinux"
image = "/guest/image"
kernel_params = "quiet panic=1"
machine_type = "microvm"
memory_slots = 3
enable_debug = true
accelerator = "tcg"
[agent.kata]
agent_transport = "virtio-serial"
[runtime]
sandbox_cgroup_only = true
`,
  );
  expect(await environment()).toMatchObject({
    Kernel: { Path: "/guest/vmlinux", Parameters: "quiet panic=1" },
    Image: { Path: "/guest/image" },
    Initrd: { Path: "" },
    Hypervisor: { Name: "qemu", MachineType: "microvm", MemorySlots: 3, Debug: true, Accelerator: "tcg" },
    Runtime: { SandboxCgroupOnly: true, Config: { Path: "/etc/kata.toml" } },
    Agent: { Transport: "virtio-serial", Debug: false },
  });
});

test("what is left to us is told as it comes to here", async () => {
  expect(await environment()).toMatchObject({
    Hypervisor: { Accelerator: "kvm" },
    Agent: { Transport: "vsock" },
    Host: { VMContainerCapable: true, SupportVSocks: true },
  });
  for (const path of ["/dev/kvm", "/dev/vhost-vsock"]) shell.sys.unlink(path);
  expect(await environment()).toMatchObject({
    Hypervisor: { Accelerator: "tcg" },
    Agent: { Transport: "virtio-serial" },
    Host: { VMContainerCapable: false, SupportVSocks: false },
  });
});

test("--file writes instead of printing", async () => {
  const { stdout } = await env("env");
  expect(await env("env", "-f", "/tmp/env.toml")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(utf8Decode(shell.sys.readFile("/tmp/env.toml"))).toBe(stdout);
});

test("a configuration that does not load is an error", async () => {
  shell.sys.fake.addFile("/etc/kata.toml", '[hypervisor.qemu]\nmachine_type = "pc"\n');
  expect(await env("env")).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("machine_type") });
});

test("a hypervisor that cannot be asked is unknown, with a warning", async () => {
  shell.sys.fake.fail("spawn", "ENOENT");
  const { code, stderr, stdout } = await env("env", "--json");
  expect([code, stderr]).toEqual([0, expect.stringContaining("cannot ask a program for its version")]);
  expect(JSON.parse(stdout)).toMatchObject({ Hypervisor: { Version: "<<unknown>>" } });
});

test("the host is described as far as it tells", () => {
  host.setMachine("aarch64").setCpu("", "");
  shell.sys.unlink("/etc/os-release");
  shell.sys.fake.addFile("/usr/lib/os-release", "NAME=Other\n");
  expect(hostTable(shell)).toMatchObject({
    Architecture: "arm64",
    Distro: { Name: "Other", Version: "<<unknown>>" },
    CPU: { Vendor: "<<unknown>>", Model: "Test", CPUs: 1 },
    Memory: { Total: 16777216, Free: 1, Available: 8388608 },
  });
  shell.sys.fake.fail("open", { code: "EACCES", when: (path) => path === "/dev/kvm" });
  expect(hostTable(shell)).toMatchObject({ VMContainerCapable: false });
  host.withoutRoot();
  expect(hostTable(shell)).toMatchObject({ VMContainerCapable: true });
  shell.sys.fake.addFile("/sys/module/kvm_amd/parameters/sev_snp", "Y\n");
  shell.sys.fake.addFile("/sys/module/kvm_amd/parameters/sev", "Y\n");
  expect(hostTable({ sys: host.setMachine("x86_64").sys })).toMatchObject({ AvailableGuestProtections: ["snp"] });
});
