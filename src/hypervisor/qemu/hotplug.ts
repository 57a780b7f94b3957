import { KataError } from "../../base/error.ts";
import type { HypervisorConfig } from "../../config/runtime-config.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { QmpClient } from "../../wire/qmp/qmp-client.ts";
import type { Device, GuestBlockAddress } from "../hypervisor.ts";
import type { HotplugPort } from "./argv.ts";
import { nodeName } from "./devices/block.ts";
import { qemuId } from "./option.ts";
import { guestPciPath } from "./pci-slots.ts";

type BlockDevice = Extract<Device, { kind: "block" }>;

/** The guest has to let go of the device itself. */
const removeTimeoutMs = 10_000;

/** Block devices that come and go while the VM runs, each in a PCIe port of its own. */
export class Hotplug {
  private readonly sys: Pick<FilesPort, "stat">;
  private readonly aio: HypervisorConfig["blockDeviceAio"];
  private readonly free: HotplugPort[];
  private readonly used = new Map<string, HotplugPort>();

  constructor(
    sys: Pick<FilesPort, "stat">,
    options: { readonly ports: readonly HotplugPort[]; readonly aio: HypervisorConfig["blockDeviceAio"] },
  ) {
    this.sys = sys;
    this.aio = options.aio;
    this.free = [...options.ports];
  }

  /** Plugs a disk in. Rejects with KataError; nothing is left plugged in then. */
  async add(client: QmpClient, device: BlockDevice): Promise<GuestBlockAddress> {
    const id = qemuId(device.id);
    if (this.used.has(id)) throw new KataError("already-exists", `There is a device ${id} already`, { field: "id" });
    const port = this.free.shift();
    if (port === undefined) {
      throw new KataError("resource-exhausted", "Every PCIe port for hot-plugged devices is in use", {
        field: "hypervisor.qemu.pcie_root_port",
        hint: "Raise pcie_root_port",
      });
    }
    this.used.set(id, port);
    const node = nodeName(id);
    let added = false;
    try {
      await client.execute("blockdev-add", this.node(device));
      added = true;
      await client.execute("device_add", { driver: "virtio-blk-pci", id, drive: node, bus: port.id });
      return { driver: "blk", source: guestPciPath(port.slot, 0) };
    } catch (error) {
      if (added) await client.execute("blockdev-del", { "node-name": node }).catch(() => undefined);
      this.release(id, port);
      throw KataError.wrap(error, `Cannot plug in ${device.path} as ${id}`);
    }
  }

  /** Unplugs a disk; resolves when the guest has let it go. */
  async remove(client: QmpClient, id: string): Promise<void> {
    const port = this.used.get(id);
    if (port === undefined) throw new KataError("not-found", `There is no hot-plugged device ${id}`, { field: "id" });
    // A second event without `device` tells of the virtio part.
    const gone = client.waitForEvent(({ name, data }) => name === "DEVICE_DELETED" && data.device === id, {
      timeoutMs: removeTimeoutMs,
    });
    gone.catch(() => {});
    await client.execute("device_del", { id });
    await gone;
    await client.execute("blockdev-del", { "node-name": nodeName(id) });
    this.release(id, port);
  }

  private release(id: string, port: HotplugPort): void {
    this.used.delete(id);
    this.free.unshift(port);
  }

  private node(device: BlockDevice) {
    const hostDevice = this.sys.stat(device.path).kind === "block";
    return {
      "node-name": nodeName(device.id),
      driver: "raw",
      "read-only": device.readOnly,
      file: {
        driver: hostDevice ? "host_device" : "file",
        filename: device.path,
        aio: this.aio,
        ...(this.aio === "native" ? { cache: { direct: true } } : {}),
      },
    };
  }
}
