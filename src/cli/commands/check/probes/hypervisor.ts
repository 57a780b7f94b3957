import { KataError } from "../../../../base/error.ts";
import { virtiofsdPath } from "../../../../resource/share-fs/virtiofsd.ts";
import { virtiofsdFlavour } from "../../../../resource/share-fs/virtiofsd-arguments.ts";
import { SysError } from "../../../../sys/error.ts";
import { type Finding, type Host, isForRootOnly, type Probe, withConfiguration } from "../probe.ts";

/** A program whose version matters. */
interface Program {
  readonly name: string;
  /** Finds major and minor version in what it answers. */
  readonly pattern: RegExp;
  readonly minimum: readonly [major: number, minor: number];
}

/** By the configuration's name of the hypervisor. */
const vmms: ReadonlyMap<string, Program> = new Map([
  ["qemu", { name: "QEMU", pattern: /^QEMU emulator version (\d+)\.(\d+)\S*/, minimum: [5, 0] }],
]);

/** Whether guests can be run by it at all, by the configuration's name. */
export function hasDriver(name: string): boolean {
  return vmms.has(name);
}

/** The virtual machine monitor can be started and is not too old. */
export const hypervisorProbe: Probe = {
  id: "hypervisor",
  title: "hypervisor",
  needed: "required",
  run: withConfiguration(async ({ hypervisor }, host) => {
    const { name, path } = hypervisor;
    const vmm = vmms.get(name);
    if (vmm === undefined) {
      return {
        result: "failed",
        reason: `there is no driver for ${name}`,
        remedy: `Configure ${[...vmms.keys()].join(" or ")}`,
      };
    }
    const remedy = `Install it (Debian: apt-get install qemu-system-${debianArchitecture(host)}), or set path in [hypervisor.${name}]`;
    const said = await ask(host, path, remedy);
    if (said.kind === "silent") return said.finding;
    const [shown, major, minor] = vmm.pattern.exec(said.line) ?? [];
    if (shown === undefined) {
      return {
        result: "failed",
        reason: `${path} is not ${vmm.name}: it says ${JSON.stringify(said.line.slice(0, 80))}`,
        remedy,
      };
    }
    const [leastMajor, leastMinor] = vmm.minimum;
    const isOld = Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor);
    const version = `${vmm.name} ${shown.replace(/^\D+/, "")}`;
    if (isOld) {
      const least = vmm.minimum.join(".");
      return {
        result: "failed",
        reason: `${version} is too old: ${path}`,
        remedy: `Use ${vmm.name} ${least} or newer`,
      };
    }
    return { result: "ok", reason: version, details: [path, said.line] };
  }),
};

function debianArchitecture({ sys }: Host): string {
  const { machine } = sys.uname();
  return machine === "x86_64" ? "x86" : machine === "aarch64" ? "arm" : "misc";
}

/** The daemon that shares files with the guest can be started, and is of the kind that its place promises. */
export const virtiofsdProbe: Probe = {
  id: "virtiofsd",
  title: "virtiofsd",
  needed: "required",
  run: withConfiguration(async ({ hypervisor }, host) => {
    if (hypervisor.sharedFs !== "virtio-fs") {
      return { result: "skipped", reason: `shared_fs is "${hypervisor.sharedFs}"` };
    }
    const path = virtiofsdPath(host.sys, hypervisor);
    const remedy =
      "Install it (Debian 12: apt-get install qemu-system-common; newer: virtiofsd), or set virtio_fs_daemon to its path";
    const said = await ask(host, path, remedy);
    if (said.kind === "silent") return said.finding;
    // The C daemon says "virtiofsd version 7.2.22", the Rust one "virtiofsd 1.10.0".
    const [, ofC, version] = /^virtiofsd (version )?(\d+\.\d+\S*)/.exec(said.line) ?? [];
    if (version === undefined) {
      return {
        result: "failed",
        reason: `${path} is not virtiofsd: it says ${JSON.stringify(said.line.slice(0, 80))}`,
        remedy,
      };
    }
    const flavour = ofC === undefined ? "rust" : "c";
    const shown = `virtiofsd ${version}, in ${flavour === "c" ? "C" : "Rust"}`;
    if (flavour === virtiofsdFlavour(path)) return { result: "ok", reason: shown, details: [path, said.line] };
    return {
      result: "failed",
      reason: `${path} is ${shown}, but would get the other one's arguments`,
      remedy: `Put the ${flavour === "c" ? "C daemon into a directory named qemu" : "Rust daemon outside of a directory named qemu"}`,
    };
  }),
};

type Answer = { readonly kind: "said"; readonly line: string } | { readonly kind: "silent"; readonly finding: Finding };

async function ask(host: Host, path: string, remedy: string): Promise<Answer> {
  try {
    return { kind: "said", line: await host.askVersion(path) };
  } catch (error) {
    if (!(error instanceof SysError || error instanceof KataError) || isForRootOnly(error, host.sys)) throw error;
    const missing = error instanceof SysError && (error.code === "ENOENT" || error.code === "ENOTDIR");
    const reason = missing ? `there is no ${path}` : `${path} cannot be run: ${error.message}`;
    return { kind: "silent", finding: { result: "failed", reason, remedy } };
  }
}
