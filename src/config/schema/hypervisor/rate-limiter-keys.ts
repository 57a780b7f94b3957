import type { HypervisorType } from "../../hypervisor-type.ts";
import { integer } from "../key.ts";

function limiter(hypervisors: readonly HypervisorType[], unit: string, meaning: string) {
  return integer({ fallback: 0, min: 0, unit, hypervisors, meaning });
}

const disk = (unit: string, meaning: string) => limiter(["clh", "firecracker"], unit, meaning);
const net = (unit: string, meaning: string) => limiter(["clh"], unit, meaning);

/** Limits that the VMM itself puts on each disk and each network card. */
export const rateLimiterKeys = {
  disk_rate_limiter_bw_max_rate: disk("bit/s", "Most that a disk may transfer; 0: no limit"),
  disk_rate_limiter_bw_one_time_burst: disk("bits", "What a disk may transfer at first beyond its rate"),
  disk_rate_limiter_ops_max_rate: disk("operations/s", "Most operations of a disk; 0: no limit"),
  disk_rate_limiter_ops_one_time_burst: disk("operations", "Operations that a disk may do at first beyond its rate"),
  net_rate_limiter_bw_max_rate: net("bit/s", "Most that a network card may transfer; 0: no limit"),
  net_rate_limiter_bw_one_time_burst: net("bits", "What a network card may transfer at first beyond its rate"),
  net_rate_limiter_ops_max_rate: net("operations/s", "Most packets of a network card; 0: no limit"),
  net_rate_limiter_ops_one_time_burst: net(
    "operations",
    "Packets that a network card may move at first beyond its rate",
  ),
} as const;
