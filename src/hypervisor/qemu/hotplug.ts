import { KataError } from "../../base/error.ts";
import type { HypervisorConfig } from "../../config/runtime-config.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { QmpClient } from "../../wire/qmp/qmp-client.ts";
import type { Device, GuestBlockAddress } from "../hypervisor.ts";
import type { HotplugPort } from "./argv.ts";
import type { HotplugBackend } from "./hotplug-backend.ts";
import { blockBackend } from "./hotplug-block.ts";
import { networkBackend } from "./hotplug-network.ts";
import { qemuId } from "./option.ts";
import { guestPciPath } from "./pci-slots.ts";

/** The guest has to let go of the device itself. */
const removeTimeoutMs = 10_000;

interface PluggedDevice {
  readonly port: HotplugPort;
  readonly backend: HotplugBackend;
}

/** Devices that come and go while the VM runs, each in a PCIe port of its own. */
export class Hotplug {
  private readonly sys: Pick<FilesPort, "stat">;
  private readonly aio: HypervisorConfig["blockDeviceAio"];
  private readonly vhostNet: boolean;
  private readonly ports: number;
  private readonly free: HotplugPort[];
  private readonly used = new Map<string, PluggedDevice>();

  constructor(
    sys: Pick<FilesPort, "stat">,
    options: {
      readonly ports: readonly HotplugPort[];
      readonly aio: HypervisorConfig["blockDeviceAio"];
      /** The host's kernel moves packets. */
      readonly vhostNet: boolean;
    },
  ) {
    this.sys = sys;
    this.aio = options.aio;
    this.vhostNet = options.vhostNet;
    this.ports = options.ports.length;
    this.free = [...options.ports];
  }

  /**
   * Plugs a device in, and gives the guest's address of a disk. Rejects with KataError, `resource-exhausted` when every port
   * is taken; nothing is left plugged in then.
   */
  async add(client: QmpClient, device: Exclude<Device, { kind: "share" }>): Promise<GuestBlockAddress | undefined> {
    const id = qemuId(device.id);
    if (this.used.has(id)) throw new KataError("already-exists", `There is a device ${id} already`, { field: "id" });
    const backend =
      device.kind === "block" ? blockBackend(this.sys, this.aio, device) : networkBackend(this.vhostNet, device);
    const port = this.takePort(id, backend);
    let added = false;
    try {
      await backend.add(client);
      added = true;
      await client.execute("device_add", { ...backend.device, id, bus: port.id });
    } catch (error) {
      if (added) await backend.remove(client).catch(() => undefined);
      this.release(id, port);
      throw KataError.wrap(error, `Cannot plug in ${backend.what} as ${id}`);
    }
    return device.kind === "block" ? { driver: "blk", source: guestPciPath(port.slot, 0) } : undefined;
  }

  /** Unplugs a device; resolves when the guest has let it go. */
  async remove(client: QmpClient, id: string): Promise<void> {
    const plugged = this.used.get(id);
    if (plugged === undefined)
      throw new KataError("not-found", `There is no hot-plugged device ${id}`, { field: "id" });
    // A second event without `device` tells of the virtio part.
    const gone = client.waitForEvent(({ name, data }) => name === "DEVICE_DELETED" && data.device === id, {
      timeoutMs: removeTimeoutMs,
    });
    gone.catch(() => {});
    await client.execute("device_del", { id });
    await gone;
    try {
      await plugged.backend.remove(client);
    } finally {
      this.release(id, plugged.port);
    }
  }

  private takePort(id: string, backend: HotplugBackend): HotplugPort {
    const port = this.free.shift();
    if (port === undefined) {
      const which = this.ports === 0 ? "The VM has no PCIe port for" : "Every PCIe port of the VM is taken:";
      throw new KataError("resource-exhausted", `${which} ${backend.what}, which would be ${id}`, {
        field: "hypervisor.qemu.pcie_root_port",
        hint: `Set  pcie_root_port = ${this.ports + 1}  or more in the configuration`,
      });
    }
    this.used.set(id, { port, backend });
    return port;
  }

  private release(id: string, port: HotplugPort): void {
    this.used.delete(id);
    this.free.unshift(port);
  }
}
