import type { Rule } from "./rule.ts";

type Burst = "disk_rate_limiter_bw" | "disk_rate_limiter_ops" | "net_rate_limiter_bw" | "net_rate_limiter_ops";

const burstRule = (limiter: Burst): Rule => ({
  key: `~${limiter}_one_time_burst`,
  with: [`~${limiter}_max_rate`],
  severity: "warning",
  broken: ({ hypervisor }) =>
    (hypervisor[`${limiter}_one_time_burst`] ?? 0) !== 0 &&
    hypervisor[`${limiter}_max_rate`] === 0 &&
    `has no effect without ${limiter}_max_rate`,
});

/** Devices, shared files and networks. */
export const deviceRules: readonly Rule[] = [
  {
    key: "~block_device_physical_sector_size",
    with: ["~block_device_logical_sector_size"],
    broken({ hypervisor }) {
      const { block_device_logical_sector_size: logical, block_device_physical_sector_size: physical } = hypervisor;
      return (
        logical !== 0 &&
        physical !== 0 &&
        physical < logical &&
        `must not be below block_device_logical_sector_size, which is ${logical}`
      );
    },
  },
  ...(["disk_rate_limiter_bw", "disk_rate_limiter_ops", "net_rate_limiter_bw", "net_rate_limiter_ops"] as const).map(
    burstRule,
  ),
  {
    key: "~block_device_cache_direct",
    with: ["~block_device_cache_set"],
    severity: "warning",
    broken: ({ hypervisor, type }) =>
      type === "qemu" &&
      hypervisor.block_device_cache_direct &&
      !hypervisor.block_device_cache_set &&
      "has no effect without block_device_cache_set = true",
  },
  {
    key: "~virtio_fs_cache_size",
    with: ["~virtio_fs_cache", "~shared_fs"],
    severity: "warning",
    broken({ hypervisor: { virtio_fs_cache: cache, virtio_fs_cache_size: size, shared_fs: shared } }) {
      if (size === 0) return false;
      if (shared === "none") return 'has no effect: shared_fs is "none"';
      return (cache === "never" || cache === "metadata") && `has no effect: virtio_fs_cache is "${cache}"`;
    },
  },
  {
    key: "~cold_plug_vfio",
    with: ["~hot_plug_vfio"],
    broken: ({ hypervisor: { cold_plug_vfio: cold, hot_plug_vfio: hot } }) =>
      cold !== "no-port" &&
      hot !== "no-port" &&
      `excludes hot_plug_vfio, which is "${hot}": set one of the two to "no-port"`,
  },
  {
    key: "runtime.disable_new_netns",
    with: ["runtime.internetworking_model"],
    broken: ({ runtime, type }) =>
      runtime.disable_new_netns &&
      type !== "remote" &&
      runtime.internetworking_model !== "none" &&
      `demands internetworking_model "none", which is "${runtime.internetworking_model}"`,
  },
  {
    key: "runtime.jaeger_password",
    with: ["runtime.jaeger_user"],
    severity: "warning",
    broken: ({ runtime }) =>
      runtime.jaeger_password !== "" && runtime.jaeger_user === "" && "has no effect without jaeger_user",
  },
];
