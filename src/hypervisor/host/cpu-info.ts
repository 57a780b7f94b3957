import { KataError } from "../../base/error.ts";
import type { Architecture } from "../../config/architecture.ts";

/** What /proc/cpuinfo tells about the host's processors. */
export interface CpuInfo {
  /** How many processors are listed: those that are online. */
  readonly cpus: number;
  /** `GenuineIntel`, `IBM/S390`, an implementer's number on Arm; empty when the file does not say. */
  readonly vendor: string;
  /** Empty when the file does not say. */
  readonly model: string;
  /** Flags of the first processor: `flags` on x86, `Features` on Arm, `features` on s390x. */
  readonly flags: ReadonlySet<string>;
  /** Numbers of the facilities that an s390x machine has; empty elsewhere. */
  readonly facilities: ReadonlySet<string>;
}

/** A machine with 8192 processors stays below it. */
const mostCharacters = 32 << 20;

// By architecture, with the ones on x86 first; a machine has only its own.
const vendorKeys = ["vendor_id", "CPU implementer", "mvendorid"];
const modelKeys = ["model name", "CPU part", "machine", "cpu", "uarch"];
const flagKeys = ["flags", "Features", "features"];

/**
 * Reads the text of /proc/cpuinfo (proc_cpuinfo(5)) of any architecture. Processors of one machine are taken to be alike:
 * all but their number comes from the first. Throws KataError `resource-exhausted` above 32 Mi characters.
 */
export function parseCpuInfo(text: string): CpuInfo {
  if (text.length > mostCharacters) {
    throw new KataError("resource-exhausted", `A list of processors of ${text.length} characters is too long`, {
      field: "/proc/cpuinfo",
    });
  }
  const value = (keys: readonly string[]) => firstValue(text, keys);
  return {
    cpus: text.match(/^processor\s*(?:\d{1,8}\s*)?:/gm)?.length ?? 0,
    vendor: value(vendorKeys),
    // An s390x machine's type stands among other things behind each processor's number.
    model: value(modelKeys) || (/^processor \d+:.*\bmachine = (\w+)/m.exec(text)?.[1] ?? ""),
    flags: words(value(flagKeys)),
    facilities: words(value(["facilities"])),
  };
}

/** Flags of the first processor in the text of /proc/cpuinfo; empty when it lists none. */
export function cpuFlags(text: string): ReadonlySet<string> {
  return words(firstValue(text, flagKeys));
}

/**
 * Whether this machine is itself a VM: x86 processors tell by their flag `hypervisor`. Undefined where it cannot be known:
 * on other architectures, and from a text without flags.
 */
export function runningOnVmm(text: string, architecture: Architecture | undefined): boolean | undefined {
  if (architecture !== "amd64") return undefined;
  const flags = cpuFlags(text);
  return flags.size === 0 ? undefined : flags.has("hypervisor");
}

/** The value behind the first of the keys that the text has: `key<blanks>: value`. */
function firstValue(text: string, keys: readonly string[]): string {
  for (const key of keys) {
    const found = new RegExp(`^${key}[ \\t]*:(.*)$`, "m").exec(text)?.[1];
    if (found !== undefined) return found.trim();
  }
  return "";
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ""));
}
