import { architectureOf } from "../../../../config/architecture.ts";
import { parseCpuInfo, runningOnVmm } from "../../../../hypervisor/host/cpu-info.ts";
import type { Finding, HostSys, Probe } from "../probe.ts";
import { offersVirtualization, wantedAccelerator, withoutKvm } from "./kvm.ts";

/** The processor is of a kind that is known, and can run VMs. */
export const cpuProbe: Probe = {
  id: "cpu",
  title: "CPU",
  needed: "required",
  run({ configuration, sys }): Finding {
    const { machine } = sys.uname();
    const architecture = architectureOf(machine);
    if (architecture === undefined) {
      return {
        result: "failed",
        reason: `machines of the kind ${machine} are not known`,
        remedy: "Use amd64, arm64, ppc64le, riscv64 or s390x",
      };
    }
    const { cpus, flags, model, vendor } = parseCpuInfo(sys.readText("/proc/cpuinfo"));
    const name = [vendor, model].filter((text) => text !== "").join(" ") || architecture;
    const missing = missingFlags(architecture, vendor, flags);
    const details = [`${architecture}, ${cpus} online`];
    if (missing.length === 0) return { result: "ok", reason: name, details };
    const accelerator = wantedAccelerator(configuration);
    const reason =
      offersVirtualization(sys) === false
        ? `it offers no virtualization: ${name} without ${missing.join(", ")}`
        : `${name} lacks ${missing.join(", ")}`;
    return withoutKvm(accelerator, { reason, remedy: remedyFor(sys), details });
  },
};

/** What KVM on x86 takes for granted in every CPU of the last 15 years, beside virtualization itself. */
const commonFlags = ["lm", "sse4_1"];
const flagOfVendor: ReadonlyMap<string, string> = new Map([
  ["GenuineIntel", "vmx"],
  ["AuthenticAMD", "svm"],
]);

function missingFlags(architecture: string, vendor: string, flags: ReadonlySet<string>): string[] {
  if (architecture === "s390x") return flags.has("sie") ? [] : ["sie"];
  if (architecture !== "amd64") return [];
  const own = flagOfVendor.get(vendor);
  const virtualization = own === undefined ? (["vmx", "svm"].find((flag) => flags.has(flag)) ?? "vmx or svm") : own;
  return [virtualization, ...commonFlags].filter((flag) => !flags.has(flag));
}

function remedyFor(sys: HostSys): string {
  return isVm(sys) === true
    ? "This machine is itself a VM: have its owner switch on nested virtualization, or use a physical machine"
    : "Switch on virtualization (VT-x, AMD-V, SVM) in the machine's firmware";
}

function isVm(sys: HostSys): boolean | undefined {
  return runningOnVmm(sys.readText("/proc/cpuinfo"), architectureOf(sys.uname().machine));
}

/** Whether guests will be VMs within a VM. For information: it works. */
export const nestingProbe: Probe = {
  id: "nesting",
  title: "kind of machine",
  needed: "optional",
  run({ sys }) {
    const inVm = isVm(sys);
    if (inVm === undefined) return { result: "skipped", reason: "this architecture does not tell" };
    return { result: "ok", reason: inVm ? "a VM: guests will be nested, and a little slower" : "a physical machine" };
  },
};
