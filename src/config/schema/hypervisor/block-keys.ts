import { hypervisorAnnotation } from "../annotation-rule.ts";
import { choice, flag, integer } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";
import { localHypervisors } from "./groups.ts";

const drivers = ["virtio-blk", "virtio-scsi", "virtio-mmio", "nvdimm", "virtio-blk-ccw"] as const;
/** What the Rust runtime calls them. */
const driverSynonyms = {
  "virtio-blk-pci": "virtio-blk",
  "virtio-blk-mmio": "virtio-mmio",
  "virtio-pmem": "nvdimm",
} as const;

const sector = { fallback: 0, min: 512, max: 65_536, powerOfTwo: true, orZero: true, unit: "bytes" } as const;
const hostCache = "QEMU's own way of caching is kept";

/** The guest's disks. */
export const blockKeys = {
  block_device_driver: choice(drivers, {
    fallback: "virtio-scsi",
    shipped: "virtio-blk",
    defaults: [
      { hypervisors: ["clh", "dragonball", "openvmm"], value: "virtio-blk" },
      { hypervisors: ["firecracker", "stratovirt"], value: "virtio-mmio" },
    ],
    synonyms: driverSynonyms,
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("block_device_driver"),
    limits: [
      ...noEffect("disks are attached as virtio-blk", { values: ["virtio-scsi", "virtio-mmio", "nvdimm"] } as const),
      ...notPossible("channel devices exist on s390x only", { values: ["virtio-blk-ccw"] } as const),
    ],
    meaning: "Bus of block devices",
  }),
  vm_rootfs_driver: choice(drivers, {
    fallback: "virtio-blk",
    synonyms: driverSynonyms,
    hypervisors: ["qemu", "clh", "dragonball", "openvmm"],
    limits: noEffect("disable_image_nvdimm decides"),
    meaning: "Bus of the disk that the guest boots from",
  }),
  disable_image_nvdimm: flag({
    fallback: false,
    shipped: true,
    hypervisors: ["qemu", "clh"],
    annotation: hypervisorAnnotation("disable_image_nvdimm"),
    meaning: "Attaches the image as an ordinary disk rather than as an NVDIMM",
  }),
  disable_block_device_use: flag({
    fallback: false,
    shipped: true,
    hypervisors: ["qemu", "clh", "stratovirt"],
    annotation: hypervisorAnnotation("disable_block_device_use"),
    limits: noEffect("root file systems of containers are always shared", { harmless: [true] }),
    meaning: "Shares a container's root file system even if it is a block device that the guest could get",
  }),
  block_device_aio: choice(["threads", "native", "io_uring"], {
    fallback: "io_uring",
    shipped: "threads",
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("block_device_aio"),
    meaning: "How QEMU reads and writes block devices",
  }),
  block_device_cache_set: flag({
    fallback: false,
    hypervisors: ["qemu", "clh", "firecracker", "stratovirt"],
    annotation: hypervisorAnnotation("block_device_cache_set"),
    limits: noEffect(hostCache),
    meaning:
      "Tells the VMM how to cache block devices, as block_device_cache_direct and block_device_cache_noflush say",
  }),
  block_device_cache_direct: flag({
    fallback: false,
    hypervisors: ["qemu", "clh", "dragonball", "openvmm", "stratovirt"],
    annotation: hypervisorAnnotation("block_device_cache_direct"),
    limits: noEffect(hostCache),
    meaning: "Bypasses the host's page cache with O_DIRECT",
  }),
  block_device_cache_noflush: flag({
    fallback: false,
    hypervisors: ["qemu", "firecracker", "stratovirt"],
    annotation: hypervisorAnnotation("block_device_cache_noflush"),
    limits: noEffect("what the guest flushes is always written"),
    meaning: "Lets the VMM ignore flushes of the guest, which is fast and loses data when the host crashes",
  }),
  block_device_logical_sector_size: integer({
    ...sector,
    hypervisors: ["qemu", "stratovirt"],
    annotation: hypervisorAnnotation("blk_logical_sector_size"),
    limits: noEffect("QEMU picks the size of sectors"),
    meaning: "Smallest unit that the guest reads and writes on its disks; 0: the VMM's choice",
  }),
  block_device_physical_sector_size: integer({
    ...sector,
    hypervisors: ["qemu", "stratovirt"],
    annotation: hypervisorAnnotation("blk_physical_sector_size"),
    limits: noEffect("QEMU picks the size of sectors"),
    meaning: "Unit that the guest should align its writes to, not below the logical one; 0: the VMM's choice",
  }),
  num_queues: integer({
    fallback: 1,
    min: 1,
    max: 65_535,
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("block_device_num_queues"),
    limits: noEffect("QEMU picks the number of queues"),
    meaning: "Queues of a virtio-blk disk",
  }),
  queue_size: integer({
    fallback: 128,
    min: 1,
    max: 65_535,
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("block_device_queue_size"),
    limits: noEffect("QEMU picks the length of queues"),
    meaning: "Length of a virtio-blk disk's queues",
  }),
  enable_iothreads: flag({
    fallback: false,
    hypervisors: ["qemu", "clh", "firecracker"],
    annotation: hypervisorAnnotation("enable_iothreads"),
    limits: noEffect("QEMU serves disks in its main thread"),
    meaning: "Serves disks in a thread of their own",
  }),
  indep_iothreads: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    hypervisors: ["qemu", "clh", "firecracker"],
    annotation: hypervisorAnnotation("indep_iothreads"),
    limits: noEffect("QEMU serves disks in its main thread"),
    meaning: "Threads that are kept ready for disks that are added to a running VM",
  }),
} as const;
