import { KataError } from "../../base/error.ts";
import { type Param, parseParams } from "../../config/kernel-params/param.ts";
import { dmVerityParam, type VerityParams } from "../../config/kernel-params/verity.ts";

/** File systems of guest images. */
export type RootFsType = "ext4" | "xfs" | "erofs";

/** How the guest sees an image. Its first partition is the file system, its second the hashes of dm-verity, if any. */
interface RootDisk {
  readonly partition: (number: 1 | 2) => string;
  /** Whether it is memory, which file systems can map instead of copying it (DAX). */
  readonly memory: boolean;
}

const virtioBlk: RootDisk = { partition: (number) => `/dev/vda${number}`, memory: false };
const persistentMemory: RootDisk = { partition: (number) => `/dev/pmem0p${number}`, memory: true };

const disks = {
  "virtio-blk": virtioBlk,
  "virtio-mmio": virtioBlk,
  "virtio-blk-pci": virtioBlk,
  "virtio-blk-mmio": virtioBlk,
  "virtio-blk-ccw": virtioBlk,
  "virtio-scsi": { partition: (number) => `/dev/sda${number}`, memory: false },
  nvdimm: persistentMemory,
  "virtio-pmem": persistentMemory,
} as const satisfies Record<string, RootDisk>;

/** What an image can be attached as, by the names that configurations use. */
export type RootDriver = keyof typeof disks;

/**
 * Words that mount a file system without ever writing to it. Behind the flags `ro` is a word for the kernel: as one of its own
 * flags ext4 knows it since Linux 5.17 only, xfs and erofs for longer.
 */
const rootFlags: Readonly<Record<RootFsType, { readonly plain: readonly string[]; readonly dax: readonly string[] }>> =
  {
    ext4: {
      plain: ["rootflags=data=ordered,errors=remount-ro", "ro"],
      dax: ["rootflags=dax,data=ordered,errors=remount-ro", "ro"],
    },
    xfs: { plain: ["rootflags=ro"], dax: ["rootflags=dax", "ro"] },
    erofs: { plain: ["rootflags=ro"], dax: ["rootflags=dax", "ro"] },
  };

/** What decides how the guest finds its root file system in an image. */
export interface RootSpec {
  readonly fsType: RootFsType;
  readonly driver: RootDriver;
  /** Whether the file system maps the image instead of copying it. */
  readonly dax: boolean;
  /** Undefined: the image is not checked. */
  readonly verity: VerityParams | undefined;
}

/**
 * The parameters that make a guest boot from its image, in upstream's order: [`dm-mod.create`,] `root`, `rootflags`,
 * `rootfstype`. Throws KataError `invalid-argument` for DAX on a disk that is no memory.
 */
export function kernelRootParams({ fsType, driver, dax, verity }: RootSpec): Param[] {
  const { partition, memory }: RootDisk = disks[driver];
  if (dax && !memory) {
    throw new KataError("invalid-argument", `DAX needs an image in persistent memory, which ${driver} is not`, {
      field: "disable_image_nvdimm",
      hint: "Attach the image as nvdimm, or do without DAX",
    });
  }
  // A device of dm-verity is no memory, whatever is below it.
  const flags = rootFlags[fsType][dax && verity === undefined ? "dax" : "plain"];
  const root = verity === undefined ? partition(1) : "/dev/dm-0";
  return [
    ...(verity === undefined ? [] : [dmVerityParam(verity, partition(1), partition(2))]),
    ...parseParams([`root=${root}`, ...flags, `rootfstype=${fsType}`]),
  ];
}
