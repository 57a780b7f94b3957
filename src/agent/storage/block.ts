import { KataError } from "../../base/error.ts";
import type { Storage } from "../../wire/gen/agent/agent.ts";
import type { MountedStorage, StorageDeps, StorageDriver } from "./driver.ts";
import { parseMountOptions } from "./options.ts";

/** File systems that may lie on a block device. */
const FILE_SYSTEMS: ReadonlySet<string> = new Set(["ext4", "xfs", "erofs", "btrfs", "vfat", "squashfs"]);

/** virtio-blk on PCI: the source is a guest PCI path (`02/03`), or a device node where the host knows it. */
export const block: StorageDriver = (deps, storage) =>
  mountDisk(
    deps,
    storage,
    storage.source.startsWith("/") ? deps.devices.mmioBlock(storage.source) : deps.devices.virtioBlock(storage.source),
  );

/** virtio-blk on MMIO: the source is a device node. */
export const mmioBlock: StorageDriver = (deps, storage) =>
  mountDisk(deps, storage, deps.devices.mmioBlock(storage.source));

/** virtio-scsi: the source is `ID:LUN`. */
export const scsi: StorageDriver = (deps, storage) => mountDisk(deps, storage, deps.devices.scsi(storage.source));

/** Persistent memory: the source is `/dev/pmemN`. */
export const nvdimm: StorageDriver = (deps, storage) => mountDisk(deps, storage, deps.devices.pmem(storage.source));

async function mountDisk(deps: StorageDeps, storage: Storage, node: Promise<string>): Promise<MountedStorage> {
  const { fstype, driverOptions } = storage;
  if (!FILE_SYSTEMS.has(fstype)) {
    throw new KataError(
      "invalid-argument",
      `File system must be one of ${[...FILE_SYSTEMS].join(", ")}, got ${JSON.stringify(fstype)}`,
      {
        field: "fstype",
      },
    );
  }
  const unknown = driverOptions.find((option) => option !== "");
  if (unknown !== undefined)
    throw new KataError("unimplemented", `Driver option ${JSON.stringify(unknown)} is not supported`, {
      field: "driver_options",
    });
  const { flags, data } = parseMountOptions(fstype, storage.options);
  deps.modules.require(fstype);
  deps.mounter.mount({ fstype, source: await node, mountPoint: storage.mountPoint, options: [...flags, ...data] });
  return { mounted: true };
}
