import { describe, expect, test } from "vitest";
import { printParams } from "../../config/kernel-params/param.ts";
import { parseVerityParams } from "../../config/kernel-params/verity.ts";
import { kernelRootParams, type RootDriver, type RootFsType, type RootSpec } from "./root.ts";

const hash = "ab".repeat(32);
const verity = parseVerityParams(
  `root_hash=${hash},salt=cd,data_blocks=92041,data_block_size=4096,hash_block_size=1024`,
);

function line(changes: Partial<RootSpec>): string {
  const spec: RootSpec = { fsType: "ext4", driver: "virtio-blk", dax: false, verity: undefined, ...changes };
  return printParams(kernelRootParams(spec)).join(" ");
}

describe("kernelRootParams()", () => {
  const plain = "rootflags=data=ordered,errors=remount-ro ro rootfstype=ext4";
  test.each([
    ["ext4", "virtio-blk", false, `root=/dev/vda1 ${plain}`],
    ["ext4", "nvdimm", false, `root=/dev/pmem0p1 ${plain}`],
    ["ext4", "nvdimm", true, "root=/dev/pmem0p1 rootflags=dax,data=ordered,errors=remount-ro ro rootfstype=ext4"],
    ["xfs", "virtio-blk", false, "root=/dev/vda1 rootflags=ro rootfstype=xfs"],
    ["xfs", "nvdimm", false, "root=/dev/pmem0p1 rootflags=ro rootfstype=xfs"],
    ["xfs", "nvdimm", true, "root=/dev/pmem0p1 rootflags=dax ro rootfstype=xfs"],
    ["erofs", "virtio-blk", false, "root=/dev/vda1 rootflags=ro rootfstype=erofs"],
    ["erofs", "nvdimm", false, "root=/dev/pmem0p1 rootflags=ro rootfstype=erofs"],
    ["erofs", "nvdimm", true, "root=/dev/pmem0p1 rootflags=dax ro rootfstype=erofs"],
    ["ext4", "virtio-pmem", true, "root=/dev/pmem0p1 rootflags=dax,data=ordered,errors=remount-ro ro rootfstype=ext4"],
    ["ext4", "virtio-mmio", false, `root=/dev/vda1 ${plain}`],
    ["ext4", "virtio-blk-pci", false, `root=/dev/vda1 ${plain}`],
    ["ext4", "virtio-blk-mmio", false, `root=/dev/vda1 ${plain}`],
    ["ext4", "virtio-blk-ccw", false, `root=/dev/vda1 ${plain}`],
    ["ext4", "virtio-scsi", false, `root=/dev/sda1 ${plain}`],
  ] as const)("%s on %s, DAX %s", (fsType, driver, dax, expected) => {
    expect(line({ fsType, driver, dax })).toBe(expected);
  });

  const create = (data: string, hashes: string) =>
    `dm-mod.create="dm-verity,,,ro,0 736328 verity 1 ${data} ${hashes} 4096 1024 92041 0 sha256 ${hash} cd"`;

  test.each([
    ["ext4", "virtio-blk", false, `${create("/dev/vda1", "/dev/vda2")} root=/dev/dm-0 ${plain}`],
    ["xfs", "virtio-blk", false, `${create("/dev/vda1", "/dev/vda2")} root=/dev/dm-0 rootflags=ro rootfstype=xfs`],
    [
      "erofs",
      "nvdimm",
      false,
      `${create("/dev/pmem0p1", "/dev/pmem0p2")} root=/dev/dm-0 rootflags=ro rootfstype=erofs`,
    ],
    ["ext4", "nvdimm", true, `${create("/dev/pmem0p1", "/dev/pmem0p2")} root=/dev/dm-0 ${plain}`],
    ["erofs", "virtio-scsi", false, `${create("/dev/sda1", "/dev/sda2")} root=/dev/dm-0 rootflags=ro rootfstype=erofs`],
  ] as const)("dm-verity under %s on %s, DAX %s", (fsType, driver, dax, expected) => {
    expect(line({ fsType, driver, dax, verity })).toBe(expected);
  });

  const drivers: readonly RootDriver[] = [
    "virtio-blk",
    "virtio-mmio",
    "virtio-blk-pci",
    "virtio-blk-mmio",
    "virtio-blk-ccw",
    "virtio-scsi",
  ];
  const fsTypes: readonly RootFsType[] = ["ext4", "xfs", "erofs"];
  test.each(
    drivers.flatMap((driver) =>
      fsTypes.flatMap((fsType) => [undefined, verity].map((one) => ({ driver, fsType, one }))),
    ),
  )("refuses DAX on $driver with $fsType", ({ driver, fsType, one }) => {
    expect(() => line({ driver, fsType, dax: true, verity: one })).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: `DAX needs an image in persistent memory, which ${driver} is not`,
        field: "disable_image_nvdimm",
        hint: "Attach the image as nvdimm, or do without DAX",
      }),
    );
  });
});
