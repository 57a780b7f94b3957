import type { HypervisorConfig } from "../../../config/runtime-config.ts";
import type { Device } from "../../hypervisor.ts";
import { type OptionFields, option, qemuId } from "../option.ts";
import type { Placement } from "./placement.ts";

type BlockDevice = Extract<Device, { kind: "block" }>;
type Aio = HypervisorConfig["blockDeviceAio"];

/** Name of the block node behind a device. */
export function nodeName(id: string): string {
  return `node-${id}`.slice(0, 31);
}

/** The block node: raw bytes of a file or a block device of the host. */
export function blockNode(device: BlockDevice, aio: Aio, hostDevice: boolean): OptionFields {
  return {
    "node-name": nodeName(device.id),
    driver: "raw",
    "read-only": device.readOnly,
    "file.driver": hostDevice ? "host_device" : "file",
    "file.filename": device.path,
    "file.aio": aio,
    // Direct I/O is what native AIO works with.
    ...(aio === "native" ? { "file.cache.direct": true } : {}),
  };
}

/** A virtio-blk disk, and the slot it got. */
export function blockArgs(
  device: BlockDevice,
  aio: Aio,
  place: Placement,
): { readonly args: readonly string[]; readonly slot: number | undefined } {
  const { slot, args } = place.virtio("virtio-blk", { id: qemuId(device.id), drive: nodeName(device.id) });
  return { slot, args: ["-blockdev", option("", blockNode(device, aio, device.path.startsWith("/dev/"))), ...args] };
}
