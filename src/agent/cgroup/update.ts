import type {
  LinuxBlockIO,
  LinuxCPU,
  LinuxMemory,
  LinuxResources,
  LinuxThrottleDevice,
} from "../../wire/gen/agent/oci.ts";
import { invalid } from "../container/rules.ts";

/** One file of a cgroup to be written. */
export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
}

/**
 * The cgroup v2 files to write for an update of resources. Zero and empty mean "leave as it is". The conversions are
 * those that crun applies when the container is created.
 */
export function planUpdate(resources: LinuxResources): CgroupWrite[] {
  return [
    ...(resources.CPU === undefined ? [] : cpuWrites(resources.CPU)),
    ...(resources.Memory === undefined ? [] : memoryWrites(resources.Memory)),
    ...(resources.Pids === undefined || resources.Pids.Limit === 0n
      ? []
      : [{ file: "pids.max", value: limit(resources.Pids.Limit) }]),
    ...(resources.BlockIO === undefined ? [] : ioWrites(resources.BlockIO)),
    ...resources.HugepageLimits.map(({ Pagesize, Limit }) => {
      if (!/^\d{1,6}[KMG]B$/.test(Pagesize))
        throw invalid(
          "resources.hugepage_limits",
          `Huge page size must look like 2MB, got ${JSON.stringify(Pagesize)}`,
        );
      return { file: `hugetlb.${Pagesize}.max`, value: String(Limit) };
    }),
  ];
}

const limit = (value: bigint): string => (value < 0n ? "max" : String(value));

/** v1's CPU shares (2 to 262144, 1024 is normal) as v2's weight (1 to 10000). */
export function cpuWeight(shares: bigint): bigint {
  const bounded = shares < 2n ? 2n : shares > 262144n ? 262144n : shares;
  return 1n + ((bounded - 2n) * 9999n) / 262142n;
}

function cpuWrites({ Shares, Quota, Period, Cpus, Mems }: LinuxCPU): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (Shares !== 0n) writes.push({ file: "cpu.weight", value: String(cpuWeight(Shares)) });
  if (Quota !== 0n || Period !== 0n) {
    const quota = Quota === 0n || Quota < 0n ? "max" : String(Quota);
    writes.push({ file: "cpu.max", value: Period === 0n ? quota : `${quota} ${Period}` });
  }
  for (const [file, list] of [
    ["cpuset.cpus", Cpus],
    ["cpuset.mems", Mems],
  ] as const) {
    if (list === "") continue;
    if (!/^[\d,-]{1,4096}$/.test(list))
      throw invalid(`resources.cpu`, `${file} must be a list such as 0-2,4, got ${JSON.stringify(list)}`);
    writes.push({ file, value: list });
  }
  return writes;
}

/** OCI's swap limit includes memory; v2's does not. */
function memoryWrites({ Limit, Reservation, Swap }: LinuxMemory): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (Swap !== 0n) {
    if (Swap > 0n && Limit > Swap)
      throw invalid("resources.memory.swap", `The swap limit ${Swap} includes memory and must not be below ${Limit}`);
    if (Swap > 0n && Limit <= 0n) throw invalid("resources.memory.swap", "A swap limit needs a memory limit beside it");
    writes.push({ file: "memory.swap.max", value: Swap < 0n ? "max" : String(Swap - Limit) });
  }
  if (Limit !== 0n) writes.push({ file: "memory.max", value: limit(Limit) });
  if (Reservation !== 0n) writes.push({ file: "memory.low", value: limit(Reservation) });
  return writes;
}

function ioWrites(io: LinuxBlockIO): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (io.Weight !== 0) writes.push({ file: "io.weight", value: `default ${io.Weight}` });
  const throttle = (list: readonly LinuxThrottleDevice[], key: string) => {
    for (const { Major, Minor, Rate } of list)
      writes.push({ file: "io.max", value: `${Major}:${Minor} ${key}=${Rate}` });
  };
  throttle(io.ThrottleReadBpsDevice, "rbps");
  throttle(io.ThrottleWriteBpsDevice, "wbps");
  throttle(io.ThrottleReadIOPSDevice, "riops");
  throttle(io.ThrottleWriteIOPSDevice, "wiops");
  return writes;
}
