import { expect, test } from "vitest";
import { toldOf } from "../testing/examined.ts";
import { deviceRules } from "./device-rules.ts";
import { describeRules } from "./testing/rule-table.ts";

const sectors = (logical: number, physical: number) => ({
  "~block_device_physical_sector_size": String(physical),
  "~block_device_logical_sector_size": String(logical),
});
// QEMU has no such limiters: see below.
const limiter = { broken: [], holds: [] };

describeRules("rules of devices", deviceRules, [
  {
    broken: [
      [
        sectors(4096, 512),
        "error main.toml:2:37  hypervisor.qemu.block_device_physical_sector_size: must not be below block_device_logical_sector_size, which is 4096",
      ],
    ],
    holds: [sectors(512, 4096), sectors(512, 512), sectors(0, 512), sectors(4096, 0)],
  },
  limiter,
  limiter,
  limiter,
  limiter,
  {
    broken: [
      [
        { "~block_device_cache_direct": "true" },
        "warning main.toml:2:29  hypervisor.qemu.block_device_cache_direct: has no effect without block_device_cache_set = true",
      ],
    ],
    holds: [{ "~block_device_cache_direct": "true", "~block_device_cache_set": "true" }],
  },
  {
    broken: [
      [
        { "~virtio_fs_cache_size": "64" },
        'warning main.toml:2:24  hypervisor.qemu.virtio_fs_cache_size: has no effect: virtio_fs_cache is "never"',
      ],
      [
        { "~virtio_fs_cache_size": "64", "~virtio_fs_cache": '"metadata"' },
        'warning main.toml:2:24  hypervisor.qemu.virtio_fs_cache_size: has no effect: virtio_fs_cache is "metadata"',
      ],
      [
        { "~virtio_fs_cache_size": "64", "~shared_fs": '"none"' },
        'warning main.toml:2:24  hypervisor.qemu.virtio_fs_cache_size: has no effect: shared_fs is "none"',
      ],
    ],
    holds: [
      { "~virtio_fs_cache_size": "0" },
      { "~virtio_fs_cache_size": "64", "~virtio_fs_cache": '"auto"' },
      { "~virtio_fs_cache_size": "64", "~virtio_fs_cache": '"always"' },
    ],
  },
  {
    broken: [
      [
        { "~hot_plug_vfio": '"root-port"', "~cold_plug_vfio": '"bridge-port"' },
        'error main.toml:3:18  hypervisor.qemu.cold_plug_vfio: excludes hot_plug_vfio, which is "root-port": set one of the two to "no-port"',
      ],
    ],
    holds: [
      { "~hot_plug_vfio": '"root-port"', "~cold_plug_vfio": '"no-port"' },
      { "~cold_plug_vfio": '"root-port"', "~hot_plug_vfio": '""' },
    ],
  },
  {
    broken: [
      [
        { "runtime.disable_new_netns": "true" },
        'error main.toml:3:21  runtime.disable_new_netns: demands internetworking_model "none", which is "tcfilter"',
      ],
    ],
    holds: [
      { "runtime.disable_new_netns": "true", "runtime.internetworking_model": '"none"' },
      { "runtime.disable_new_netns": "false", "runtime.internetworking_model": '"tcfilter"' },
    ],
  },
  {
    broken: [
      [
        { "runtime.jaeger_password": '"p"' },
        "warning main.toml:3:19  runtime.jaeger_password: has no effect without jaeger_user",
      ],
    ],
    holds: [{ "runtime.jaeger_password": '"p"', "runtime.jaeger_user": '"u"' }],
  },
]);

test.each(["disk_rate_limiter_bw", "disk_rate_limiter_ops", "net_rate_limiter_bw", "net_rate_limiter_ops"])(
  "a burst of %s needs a rate",
  (limiter) => {
    const told = (rate: string) => toldOf(`[hypervisor.clh]\n${limiter}_one_time_burst = 5\n${rate}`).join("\n");
    const key = `hypervisor.clh.${limiter}_one_time_burst`;
    const column = `${limiter}_one_time_burst = `.length + 1;
    const rule = `has no effect without ${limiter}_max_rate`;
    expect(told("")).toContain(`warning main.toml:2:${column}  ${key}: ${rule}`);
    expect(told(`${limiter}_max_rate = 1`)).not.toContain(rule);
    expect(told(`${limiter}_max_rate = "1"`)).not.toContain(rule);
  },
);

test("a remote VM has no interface to join", () => {
  expect(toldOf("[hypervisor.remote]\n[runtime]\ndisable_new_netns = true\n").join()).not.toContain("demands");
});
