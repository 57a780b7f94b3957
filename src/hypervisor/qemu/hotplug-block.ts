import type { HypervisorConfig } from "../../config/runtime-config.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { Device } from "../hypervisor.ts";
import { nodeName } from "./devices/block.ts";
import type { HotplugBackend } from "./hotplug-backend.ts";

/** The block node of a disk that is plugged in: raw bytes of a file or a block device of the host. */
export function blockBackend(
  sys: Pick<FilesPort, "stat">,
  aio: HypervisorConfig["blockDeviceAio"],
  device: Extract<Device, { kind: "block" }>,
): HotplugBackend {
  const node = nodeName(device.id);
  return {
    what: device.path,
    device: { driver: "virtio-blk-pci", drive: node },
    async add(client) {
      await client.execute("blockdev-add", {
        "node-name": node,
        driver: "raw",
        "read-only": device.readOnly,
        file: {
          driver: sys.stat(device.path).kind === "block" ? "host_device" : "file",
          filename: device.path,
          aio,
          ...(aio === "native" ? { cache: { direct: true } } : {}),
        },
      });
    },
    async remove(client) {
      await client.execute("blockdev-del", { "node-name": node });
    },
  };
}
