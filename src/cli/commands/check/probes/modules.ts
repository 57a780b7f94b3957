import { type Architecture, architectureOf } from "../../../../config/architecture.ts";
import { parseCpuInfo } from "../../../../hypervisor/host/cpu-info.ts";
import { isErrno } from "../../../../sys/error.ts";
import type { HostSys, Probe } from "../probe.ts";
import { offersVirtualization, wantedAccelerator, withoutKvm } from "./kvm.ts";

/** Whether the kernel has a module's code: running, ready to be loaded, or not at all as far as can be seen. */
export type ModuleState = "there" | "loadable" | "missing";

interface Module {
  readonly name: string;
  readonly use: "kvm" | "network" | "vsock";
  /** Only for CPUs of this vendor. */
  readonly vendor?: string;
  /** Shows that it is there when it is built in and has no parameters, and so no directory in /sys/module. */
  readonly device?: string;
  /** A parameter that has to be on. */
  readonly parameter?: string;
}

const kvm: Module = { name: "kvm", use: "kvm", device: "/dev/kvm" };
const vhost: Module = { name: "vhost", use: "network", device: "/dev/vhost-net" };
const vhostNet: Module = { name: "vhost_net", use: "network", device: "/dev/vhost-net" };
const vhostVsock: Module = { name: "vhost_vsock", use: "vsock", device: "/dev/vhost-vsock" };

/** What upstream asks for on each architecture. */
const modules: Readonly<Record<Architecture, readonly Module[]>> = {
  amd64: [
    kvm,
    { name: "kvm_intel", use: "kvm", vendor: "GenuineIntel", parameter: "unrestricted_guest" },
    { name: "kvm_amd", use: "kvm", vendor: "AuthenticAMD" },
    vhost,
    vhostNet,
    vhostVsock,
  ],
  arm64: [kvm, vhost, vhostNet, vhostVsock],
  riscv64: [kvm, vhost, vhostNet, vhostVsock],
  ppc64le: [kvm, { name: "kvm_hv", use: "kvm" }, vhostVsock],
  s390x: [kvm, vhostVsock],
};

/** Whether the running kernel has a module, by /sys/module and /lib/modules (kmod's modules.builtin and modules.dep). */
export function moduleState(sys: Pick<HostSys, "exists" | "readText" | "uname">, name: string): ModuleState {
  if (sys.exists(`/sys/module/${name}`)) return "there";
  const directory = `/lib/modules/${sys.uname().release}`;
  if (names(optionalText(sys, `${directory}/modules.builtin`), name)) return "there";
  // What is named as a dependency is a module, too.
  return names(optionalText(sys, `${directory}/modules.dep`), name) ? "loadable" : "missing";
}

/** Files have hyphens where modules have underscores, sometimes. Lists have a MB: no regular expression. */
function names(list: string, name: string): boolean {
  return [name, name.replaceAll("_", "-")].some((file) => list.includes(`/${file}.ko`));
}

/** The kernel's modules that guests are run by, and that make their networks quick. */
export const modulesProbe: Probe = {
  id: "kernel-modules",
  title: "kernel modules",
  needed: "recommended",
  run({ configuration, sys }) {
    const architecture = architectureOf(sys.uname().machine);
    if (architecture === undefined) return { result: "skipped", reason: "this architecture is not known" };
    const { vendor } = parseCpuInfo(sys.readText("/proc/cpuinfo"));
    const wanted = modules[architecture].filter((module) => module.vendor === undefined || module.vendor === vendor);
    const found = wanted.map((module) => ({ module, state: stateOf(sys, module) }));
    const details = found.map(({ module, state }) => `${module.name} ${wording[state]}`);
    const absent = found.filter(({ state }) => state !== "there");
    const absentFor = (use: Module["use"]) => absent.filter(({ module }) => module.use === use);
    const without = absentFor("kvm");
    // A CPU without virtualization needs none of them; it has a finding of its own.
    if (without.length > 0 && offersVirtualization(sys) !== false) {
      return withoutKvm(wantedAccelerator(configuration), { ...complaint(without, "KVM needs them"), details });
    }
    const off = wanted.filter((module) => isOff(sys, module));
    if (off.length > 0) {
      const names = off.map(({ name, parameter }) => `${name} without ${parameter}`).join(", ");
      const load = off.map(({ name, parameter }) => `modprobe -r ${name} && modprobe ${name} ${parameter}=1`);
      return { result: "warning", reason: names, remedy: load.join("; "), details };
    }
    const slow = absentFor("network");
    if (slow.length > 0) return { result: "warning", ...complaint(slow, "without them, networks are slower"), details };
    const names = found.filter(({ state }) => state === "there").map(({ module }) => module.name);
    return { result: "ok", reason: names.length === 0 ? "none needed" : names.join(", "), details };
  },
};

const wording: Readonly<Record<ModuleState, string>> = {
  there: "is there",
  loadable: "can be loaded",
  missing: "is not there",
};

function stateOf(sys: HostSys, { device, name }: Module): ModuleState {
  const state = moduleState(sys, name);
  return state === "missing" && device !== undefined && sys.exists(device) ? "there" : state;
}

function isOff(sys: HostSys, { name, parameter }: Module): boolean {
  return parameter !== undefined && /^[N0]/.test(optionalText(sys, `/sys/module/${name}/parameters/${parameter}`));
}

function complaint(
  absent: readonly { readonly module: Module; readonly state: ModuleState }[],
  why: string,
): { readonly reason: string; readonly remedy: string } {
  const names = absent.map(({ module }) => module.name);
  const loadable = absent.every(({ state }) => state === "loadable");
  return {
    reason: `not loaded: ${names.join(", ")}; ${why}`,
    remedy: loadable
      ? `modprobe -a ${names.join(" ")}; name them in /etc/modules-load.d/kata.conf for the next boot`
      : `Use a kernel that has ${names.join(", ")}: here they are neither loaded nor in /lib/modules`,
  };
}

function optionalText(sys: Pick<HostSys, "readText">, path: string): string {
  try {
    return sys.readText(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return "";
    throw error;
  }
}
