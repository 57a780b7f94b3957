import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { Modules } from "../modules.ts";
import { findPciDevice, listNames, parsePciPath } from "./pci-path.ts";

/** Tells of every kernel event about a device, after the agent itself has dealt with it. Returns the undo. */
export type DeviceEvents = (listener: () => void) => () => void;

/** Finds guest device nodes for what the host calls a device, waiting for hotplug. */
export class DeviceFinder {
  private readonly sys: FilesPort;
  private readonly clock: Clock;
  private readonly modules: Pick<Modules, "require">;
  private readonly events: DeviceEvents;
  private readonly timeoutMs: number;

  constructor(
    deps: {
      readonly sys: FilesPort;
      readonly clock: Clock;
      readonly modules: Pick<Modules, "require">;
      readonly events: DeviceEvents;
    },
    options: { readonly timeoutMs: number },
  ) {
    this.sys = deps.sys;
    this.clock = deps.clock;
    this.modules = deps.modules;
    this.events = deps.events;
    this.timeoutMs = options.timeoutMs;
  }

  /** `/dev/...` of the virtio block device at a guest PCI path. */
  virtioBlock(pciPath: string): Promise<string> {
    const path = parsePciPath(pciPath);
    this.modules.require("virtio_blk");
    return this.waitFor(`block device at PCI path ${pciPath}`, () => {
      const device = findPciDevice(this.sys, path);
      const virtio =
        device === undefined ? undefined : listNames(this.sys, device).find((name) => /^virtio\d+$/.test(name));
      return virtio === undefined ? undefined : this.blockNode(`${device}/${virtio}/block`);
    });
  }

  /** Name of the network interface of the virtio card at a guest PCI path. */
  networkInterface(pciPath: string): Promise<string> {
    const path = parsePciPath(pciPath);
    this.modules.require("virtio_net");
    return this.waitFor(`network interface at PCI path ${pciPath}`, () => {
      const device = findPciDevice(this.sys, path);
      const virtio =
        device === undefined ? undefined : listNames(this.sys, device).find((name) => /^virtio\d+$/.test(name));
      return virtio === undefined ? undefined : listNames(this.sys, `${device}/${virtio}/net`)[0];
    });
  }

  /** `/dev/...` of the SCSI disk `ID:LUN` behind any virtio-scsi controller; asks the controllers to look for it. */
  scsi(address: string): Promise<string> {
    const match = /^(\d{1,3}):(\d{1,5})$/.exec(address);
    const [id, lun] = [Number(match?.[1] ?? "999"), Number(match?.[2] ?? "99999")];
    if (id > 255 || lun > 16383) {
      throw new KataError("invalid-argument", `A SCSI address must be ID:LUN, got ${JSON.stringify(address)}`, {
        field: "source",
      });
    }
    for (const name of ["virtio_scsi", "sd_mod"]) this.modules.require(name);
    for (const host of listNames(this.sys, "/sys/class/scsi_host")) {
      this.sys.writeFile(`/sys/class/scsi_host/${host}/scan`, `0 ${id} ${lun}\n`);
    }
    return this.waitFor(`SCSI disk ${address}`, () => {
      for (const name of listNames(this.sys, "/sys/bus/scsi/devices")) {
        if (!name.endsWith(`:0:${id}:${lun}`)) continue;
        const node = this.blockNode(`/sys/bus/scsi/devices/${name}/block`);
        if (node !== undefined) return node;
      }
      return undefined;
    });
  }

  /** A persistent-memory disk, `/dev/pmemN`. */
  pmem(path: string): Promise<string> {
    for (const name of ["nfit", "nd_pmem"]) this.modules.require(name);
    return this.node(path, /^\/dev\/pmem\d{1,4}$/);
  }

  /** A device that the host names by its node, such as `/dev/vdb` on an MMIO bus. */
  mmioBlock(path: string): Promise<string> {
    this.modules.require("virtio_blk");
    return this.node(path, /^\/dev\/[a-z][a-z0-9-]{1,30}$/);
  }

  private node(path: string, form: RegExp): Promise<string> {
    if (!form.test(path)) {
      throw new KataError(
        "invalid-argument",
        `A device node such as /dev/vdb is expected, got ${JSON.stringify(path)}`,
        { field: "source" },
      );
    }
    return this.waitFor(`device ${path}`, () =>
      this.sys.exists(path) && this.sys.stat(path).kind === "block" ? path : undefined,
    );
  }

  private blockNode(dir: string): string | undefined {
    const name = listNames(this.sys, dir)[0];
    const path = `/dev/${name}`;
    return name !== undefined && this.sys.exists(path) ? path : undefined;
  }

  /** Resolves as soon as `find` succeeds; it is asked now and after every device event. */
  private waitFor(what: string, find: () => string | undefined): Promise<string> {
    const found = find();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        timer.cancel();
        stop();
        act();
      };
      const timer = this.clock.setTimer(this.timeoutMs, () =>
        finish(() =>
          reject(
            new KataError("deadline-exceeded", `No ${what} appeared in the guest within ${this.timeoutMs} ms`, {
              hint: "Raise agent.hotplug_timeout if the host is slow",
            }),
          ),
        ),
      );
      const stop = this.events(() => {
        try {
          const node = find();
          if (node !== undefined) finish(() => resolve(node));
        } catch (error) {
          finish(() => reject(error));
        }
      });
    });
  }
}
