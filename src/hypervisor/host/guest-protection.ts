import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import type { Architecture } from "../../config/architecture.ts";
import { isErrno, SysError } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { parseCpuInfo } from "./cpu-info.ts";

/** Ways to keep a guest's memory from its host. All but `sev-es` are upstream's names. */
export type ProtectionName = "tdx" | "snp" | "sev-es" | "sev" | "se" | "pef" | "cca";

/** Whether guests can be protected in one way here, and if not, why. */
export type Protection =
  | { readonly name: ProtectionName; readonly available: true }
  | { readonly name: ProtectionName; readonly available: false; readonly reason: string };

/** What the search needs to see. */
export type ProtectionFiles = Pick<FilesPort, "readText" | "stat">;

interface Row {
  readonly name: ProtectionName;
  /** Why it is not available; undefined when it is. */
  readonly obstacle: (files: ProtectionFiles) => string | undefined;
}

const amd = "/sys/module/kvm_amd/parameters";

/** By architecture; a stronger protection stands before a weaker one. */
const rows: Readonly<Record<Architecture, readonly Row[]>> = {
  amd64: [
    { name: "tdx", obstacle: (files) => parameterObstacle(files, "/sys/module/kvm_intel/parameters/tdx") },
    { name: "snp", obstacle: (files) => parameterObstacle(files, `${amd}/sev_snp`) },
    { name: "sev-es", obstacle: (files) => parameterObstacle(files, `${amd}/sev_es`) },
    { name: "sev", obstacle: (files) => parameterObstacle(files, `${amd}/sev`) },
  ],
  s390x: [{ name: "se", obstacle: secureExecutionObstacle }],
  ppc64le: [{ name: "pef", obstacle: ultravisorObstacle }],
  arm64: [{ name: "cca", obstacle: () => "only KVM can tell (KVM_CAP_ARM_RME), which is not asked yet" }],
  riscv64: [],
};

/**
 * The protections that this architecture can have, the stronger before the weaker, each with whether this host has it
 * switched on and usable by KVM. Throws nothing: what cannot be read is a reason why not.
 */
export function guestProtections(files: ProtectionFiles, architecture: Architecture | undefined): Protection[] {
  const here = architecture === undefined ? [] : rows[architecture];
  return here.map(({ name, obstacle }) => {
    const reason = obstacle(files);
    return reason === undefined ? { name, available: true } : { name, available: false, reason };
  });
}

/**
 * `AvailableGuestProtections` as `kata-ctl env` prints it: the strongest protection only, by upstream's names. It has none
 * for SEV-ES, which includes SEV.
 */
export function availableGuestProtections(protections: readonly Protection[]): ProtectionName[] {
  const strongest = protections.find(({ available, name }) => available && name !== "sev-es");
  return strongest === undefined ? [] : [strongest.name];
}

/** A switch of a kernel module: `Y` or `1` when it is on. The module turns it off itself when the machine lacks the feature. */
function parameterObstacle(files: ProtectionFiles, path: string): string | undefined {
  const value = readLine(files, path);
  if (!value.ok) return value.reason;
  if (/^[Yy1]$/.test(value.text)) return undefined;
  return `${path} is ${shown(value.text, 20)}, not Y: the machine lacks it, or the module was loaded without it`;
}

/** IBM Secure Execution needs facility 158, and a kernel told to use it (Documentation/virt/kvm/s390/s390-pv-boot.rst). */
function secureExecutionObstacle(files: ProtectionFiles): string | undefined {
  const host = readLine(files, "/sys/firmware/uv/prot_virt_host");
  if (host.ok) {
    return host.text === "1"
      ? undefined
      : "/sys/firmware/uv/prot_virt_host is not 1: start the host's kernel with prot_virt=1";
  }
  // Kernels before 5.13 have no such file.
  const processors = readText(files, "/proc/cpuinfo");
  if (!processors.ok) return processors.reason;
  if (!parseCpuInfo(processors.text).facilities.has("158")) return "/proc/cpuinfo does not list facility 158";
  const commandLine = readText(files, "/proc/cmdline");
  if (!commandLine.ok) return commandLine.reason;
  const on = commandLine.text.split(/\s+/).some((word) => /^prot_virt=(?:1|on|y|yes)$/i.test(word));
  return on ? undefined : "the host's kernel was not started with prot_virt=1";
}

/** POWER9's Protected Execution Facility shows by the ultravisor's directory. */
function ultravisorObstacle(files: ProtectionFiles): string | undefined {
  const path = "/sys/firmware/ultravisor";
  try {
    return files.stat(path).kind === "directory" ? undefined : `${path} is not a directory`;
  } catch (error) {
    return unreadable(error, path);
  }
}

type Read = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

function readText(files: ProtectionFiles, path: string): Read {
  try {
    return { ok: true, text: files.readText(path) };
  } catch (error) {
    return { ok: false, reason: unreadable(error, path) };
  }
}

function readLine(files: ProtectionFiles, path: string): Read {
  const read = readText(files, path);
  return read.ok ? { ok: true, text: read.text.trim() } : read;
}

function unreadable(error: unknown, path: string): string {
  if (isErrno(error, "ENOENT", "ENOTDIR")) return `there is no ${path}`;
  if (error instanceof SysError || error instanceof KataError) return `${path} cannot be read (${error.code})`;
  throw error;
}
