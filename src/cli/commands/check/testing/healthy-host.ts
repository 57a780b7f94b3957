import { concatBytes, utf8Encode } from "../../../../base/bytes.ts";
import { loadRuntimeConfig } from "../../../../config/load.ts";
import type { HypervisorConfig, RuntimeConfig } from "../../../../config/runtime-config.ts";
import { SysError } from "../../../../sys/error.ts";
import { createFakeSys, type FakeSys } from "../../../../sys/fake.ts";
import type { Configuration, Finding, Host, Probe } from "../probe.ts";

const cgroup2Magic = 0x63677270;
const tmpfsMagic = 0x01021994;

/** A host on which every probe is content, for unit tests to break. */
export class HealthyHost implements Host {
  readonly sys: FakeSys;
  configuration: Configuration;
  /** What programs answer `--version` with, by path; others do not exist. */
  readonly programs = new Map([
    ["/usr/bin/qemu-system-x86_64", "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)"],
    ["/usr/libexec/virtiofsd", "virtiofsd 1.13.0"],
  ]);

  constructor(sys = createFakeSys()) {
    this.sys = sys;
    const readLink = this.sys.readLink.bind(this.sys);
    this.sys.readLink = (path) => (path === "/proc/self/exe" ? "/usr/bin/kata-ctl" : readLink(path));
    this.addFiles();
    this.configuration = { kind: "loaded", config: loadRuntimeConfig({ sys: this.sys }, { path: "/etc/kata.toml" }) };
  }

  async askVersion(path: string): Promise<string> {
    const line = this.programs.get(path);
    if (line === undefined) throw new SysError("execve", 2, "ENOENT", "No such file or directory", path);
    return line;
  }

  async run(probe: Probe): Promise<Finding> {
    return await probe.run(this);
  }

  /** The host with another configuration of its hypervisor. */
  configure(changes: Partial<HypervisorConfig>): this {
    return this.change(({ hypervisor }) => ({ hypervisor: { ...hypervisor, ...changes } }));
  }

  change(changes: (config: RuntimeConfig) => Partial<RuntimeConfig>): this {
    if (this.configuration.kind === "broken") throw this.configuration.error;
    const { config } = this.configuration;
    this.configuration = { kind: "loaded", config: { ...config, ...changes(config) } };
    return this;
  }

  /** A processor by its vendor and flags. */
  setCpu(vendor: string, flags: string): this {
    const text = `processor : 0\nvendor_id : ${vendor}\nmodel name : Test\nflags : ${flags}\n\n`;
    this.sys.fake.addFile("/proc/cpuinfo", text);
    return this;
  }

  setMachine(machine: string): this {
    const facts = { ...this.sys.uname(), machine };
    Object.assign(this.sys, { uname: () => facts });
    return this;
  }

  /** Whoever asks is nobody special. */
  withoutRoot(): this {
    Object.assign(this.sys, { uid: () => 1000 });
    return this;
  }

  /** What statfs(2) says of /sys/fs/cgroup. */
  setCgroups(kind: "v2" | "v1"): this {
    const { statFs } = this.sys;
    const type = kind === "v2" ? cgroup2Magic : tmpfsMagic;
    Object.assign(this.sys, { statFs: (path: string) => ({ ...statFs(path), type }) });
    return this;
  }

  private addFiles(): void {
    const { fake } = this.sys;
    this.setCpu("GenuineIntel", "fpu lm sse4_1 vmx");
    this.setCgroups("v2");
    for (const name of ["kvm", "kvm_intel", "vhost", "vhost_net", "vhost_vsock"])
      fake.addDirectory(`/sys/module/${name}`);
    fake.addFile("/sys/module/kvm_intel/parameters/unrestricted_guest", "Y\n");
    fake.addDirectory("/dev/net");
    for (const path of ["/dev/kvm", "/dev/net/tun", "/dev/urandom", "/dev/vhost-vsock"]) {
      this.sys.mknod(path, "char", 0o600, { major: 10, minor: 232 });
    }
    fake.addFile("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
    fake.addFile("/sys/fs/cgroup/cgroup.subtree_control", "cpu memory pids\n");
    fake.addFile("/proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n");
    fake.addFile("/proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n");
    fake.addFile(
      "/proc/self/limits",
      "Limit  Soft  Hard  Units\nMax open files            1024                 524288               files\n",
    );
    for (const name of ["mnt", "net"]) {
      fake.addFile(`/proc/self/ns/${name}`);
      fake.addFile(`/proc/sys/user/max_${name}_namespaces`, "96365\n");
    }
    fake.addFile("/usr/bin/qemu-system-x86_64", "", 0o755);
    fake.addFile("/usr/libexec/virtiofsd", "", 0o755);
    fake.addFile("/guest/vmlinux", elf(62));
    fake.addFile("/guest/initrd.img", utf8Encode("070701 and so on"));
    fake.addFile("/guest/manifest.json", JSON.stringify(manifest));
    fake.addFile(
      "/etc/kata.toml",
      '[hypervisor.qemu]\nkernel = "/guest/vmlinux"\ninitrd = "/guest/initrd.img"\ndefault_memory = 512\n',
    );
  }
}

/** The beginning of an ELF file for a machine (elf.h), little-endian. */
export function elf(machine: number): Uint8Array {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header[18] = machine;
  return concatBytes([header, new Uint8Array(4096)]);
}

/** A manifest.json as far as it is read. */
export const manifest = {
  version: 1,
  architecture: "amd64",
  agent: { size: 1, sha256: "ab".repeat(32) },
  packages: [{ role: "runtime", name: "crun", version: "1.8.1" }],
  files: [{ name: "initrd.img", format: "cpio", size: 16, sha256: "" }],
};
