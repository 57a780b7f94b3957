import { KataError } from "../base/error.ts";
import type { HypervisorConfig } from "../config/runtime-config.ts";
import type { Annotations, Resources } from "../oci/spec.ts";

/** How large a VM is to be. */
export interface VmSize {
  readonly vcpus: number;
  readonly maxVcpus: number;
  readonly memoryMib: number;
  readonly maxMemoryMib: number;
}

const MIB = 1024n * 1024n;
/** No machine has more: numbers beyond come from mistakes. */
const MAX_MEMORY_MIB = 16n * 1024n * 1024n;

/** What containerd's CRI plugin tells about the containers that a pod is going to have. */
const hints = {
  quota: "io.kubernetes.cri.sandbox-cpu-quota",
  period: "io.kubernetes.cri.sandbox-cpu-period",
  shares: "io.kubernetes.cri.sandbox-cpu-shares",
  memory: "io.kubernetes.cri.sandbox-memory",
} as const;

/**
 * The size of a sandbox's VM: the configured base for the guest itself plus what the workload may use, so that a limit of
 * the workload never makes a VM that cannot boot. A VM is not resized later. It has no more vCPUs than the host has CPUs, and
 * no more than `mostVcpus`, which is what the VMM can do. Throws KataError for workloads that no VM can hold.
 */
export function vmSize(
  config: Pick<HypervisorConfig, "defaultVcpus" | "defaultMaxVcpus" | "defaultMemoryMib" | "defaultMaxMemoryMib">,
  workload: { readonly resources: Resources | undefined; readonly annotations: Annotations },
  hostCpus: number,
  mostVcpus = Number.POSITIVE_INFINITY,
): VmSize {
  const { resources, annotations } = workload;
  const cpus = quotaToCpus(resources?.cpu?.quota, resources?.cpu?.period) || hintedCpus(annotations);
  const limit = positive(resources?.memory?.limit) ?? positive(numberHint(annotations, hints.memory)) ?? 0n;
  const hugePages = (resources?.hugepageLimits ?? []).reduce((sum, page) => sum + unlimitedAsZero(page.limit), 0n);
  const workloadMib = (unlimitedAsZero(limit) + hugePages + MIB - 1n) / MIB;
  const memory = BigInt(config.defaultMemoryMib) + workloadMib;
  if (memory > MAX_MEMORY_MIB) {
    throw new KataError(
      "out-of-range",
      `The VM would need ${memory} MiB of memory, at most ${MAX_MEMORY_MIB} are possible`,
      {
        field: "linux.resources.memory.limit",
      },
    );
  }
  const limitVcpus = Math.max(1, Math.min(hostCpus, mostVcpus));
  const vcpus = Math.min(wholeVcpus(config.defaultVcpus + cpus), limitVcpus);
  // Machines take even sizes only.
  const memoryMib = Number(memory + (memory % 2n));
  return {
    vcpus,
    maxVcpus: Math.max(vcpus, Math.min(config.defaultMaxVcpus, mostVcpus)),
    memoryMib,
    maxMemoryMib: Math.max(memoryMib, config.defaultMaxMemoryMib),
  };
}

/**
 * vCPUs for a number of CPUs, which may be a fraction: rounded up, at least 1. Like upstream's, the number has single
 * precision, so that what sums of fractions are off by does not cost a vCPU.
 */
export function wholeVcpus(cpus: number): number {
  return Math.max(1, Math.ceil(Math.fround(cpus)));
}

/** CPUs by a pod's hints: its quota, or its shares if it has no quota on purpose (-1). */
function hintedCpus(annotations: Annotations): number {
  const quota = numberHint(annotations, hints.quota);
  const shares = numberHint(annotations, hints.shares);
  if (quota !== undefined && quota < 0n && shares !== undefined && shares > 0n) return Number((shares + 1023n) / 1024n);
  return quotaToCpus(quota, numberHint(annotations, hints.period));
}

/** CPUs that a CFS quota amounts to; 0 for no limit. */
function quotaToCpus(quota: bigint | undefined, period: bigint | undefined): number {
  if (quota === undefined || quota <= 0n || period === undefined || period <= 0n) return 0;
  return Number((quota * 1000n) / period) / 1000;
}

/** Managers write numbers near 2^63 for "no limit". */
function unlimitedAsZero(bytes: bigint): bigint {
  return bytes >= 1n << 62n ? 0n : bytes;
}

function positive(value: bigint | undefined): bigint | undefined {
  return value !== undefined && value > 0n ? value : undefined;
}

function numberHint(annotations: Annotations, key: string): bigint | undefined {
  const text = annotations[key];
  return text !== undefined && /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}
