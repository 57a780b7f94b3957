import { choice, decimal, flag, integer, path, text, textList } from "../key.ts";
import { minimumMemoryMib } from "../minimum-memory.ts";

// Words of QEMU option strings: a comma list without anything that a shell or QEMU's parser would read otherwise.
const optionList = /^[\w=.,:+-]*$/;
const optionRule = "must be a comma list of NAME or NAME=VALUE words";

/** `[hypervisor.qemu]`. */
export const qemuKeys = {
  path: path({ fallback: "/usr/bin/qemu-system-x86_64", meaning: "QEMU's executable" }),
  kernel: path({
    fallback: "/usr/share/kata-containers/vmlinuz.container",
    meaning: "The guest's kernel; an uncompressed vmlinux starts faster than a bzImage",
  }),
  initrd: path({ fallback: "", optional: true, meaning: "The guest's initial file system; excludes image" }),
  image: path({ fallback: "", optional: true, meaning: "The guest's root disk, a raw image; excludes initrd" }),
  rootfs_type: choice(["ext4", "xfs", "erofs"], { fallback: "ext4", meaning: "File system inside the image" }),
  machine_type: choice(["q35", "microvm"], {
    fallback: "q35",
    meaning: "Machine model; microvm has no PCI and does not start reliably without KVM on every QEMU",
  }),
  machine_accelerators: text({
    fallback: "",
    pattern: optionList,
    rule: optionRule,
    meaning: "Options appended to QEMU's -machine",
  }),
  accelerator: choice(["auto", "kvm", "tcg"], {
    fallback: "auto",
    ours: true,
    meaning: "How the guest's CPU is run: auto takes KVM when it is usable, else TCG, which is 10 to 30 times slower",
  }),
  cpu_features: text({
    fallback: "",
    pattern: optionList,
    rule: optionRule,
    meaning: "Features appended to the CPU model, such as pmu=off",
  }),
  kernel_params: text({
    fallback: "",
    meaning: "Parameters appended to the guest kernel's command line; words with spaces stand in double quotes",
  }),
  default_vcpus: decimal({
    fallback: 1,
    max: 240,
    rule: "must be a number of CPUs up to 240, or negative for all CPUs of the host",
    meaning: "vCPUs of a VM before those of its containers are added; negative: all CPUs of the host",
  }),
  default_maxvcpus: integer({
    fallback: 0,
    min: 0,
    max: 240,
    meaning: "Most vCPUs that a VM can have; 0: all CPUs of the host",
  }),
  default_memory: integer({
    fallback: 512,
    min: minimumMemoryMib,
    rule: `must be a whole number of MiB; the minimum is ${minimumMemoryMib} MiB`,
    unit: "MiB",
    meaning: "Memory of a VM before that of its containers is added",
  }),
  default_maxmemory: integer({
    fallback: 0,
    min: 0,
    unit: "MiB",
    meaning: "Most memory that a VM can have; 0: all memory of the host",
  }),
  memory_slots: integer({ fallback: 10, min: 0, max: 256, meaning: "Slots for memory that is added to a running VM" }),
  shared_fs: choice(["virtio-fs", "virtio-9p", "none"], {
    fallback: "virtio-fs",
    meaning: "How files of the host reach the guest",
  }),
  virtio_fs_daemon: path({
    fallback: "",
    optional: true,
    meaning: "virtiofsd's executable, in C (QEMU up to 7.2) or Rust; empty: the one that is installed",
  }),
  virtio_fs_extra_args: textList({ fallback: [], meaning: "Arguments appended to virtiofsd's own" }),
  virtio_fs_cache: choice(["never", "auto", "always", "metadata"], {
    fallback: "auto",
    meaning: "What the guest may cache: never, auto (revalidated after a second), always, metadata (Rust daemon only)",
  }),
  virtio_fs_cache_size: integer({ fallback: 0, min: 0, unit: "MiB", meaning: "Size of the DAX window; 0: no DAX" }),
  virtio_fs_queue_size: integer({ fallback: 1024, min: 2, max: 1024, meaning: "Length of virtio-fs queues" }),
  block_device_driver: choice(["virtio-blk", "virtio-scsi", "virtio-mmio", "nvdimm"], {
    fallback: "virtio-blk",
    meaning: "Bus of block devices",
  }),
  block_device_aio: choice(["threads", "native", "io_uring"], {
    fallback: "threads",
    meaning: "How QEMU reads and writes block devices",
  }),
  pcie_root_port: integer({
    fallback: 0,
    min: 0,
    max: 16,
    meaning: "PCIe ports for devices that are added to a running VM; each makes the start a little slower",
  }),
  entropy_source: path({ fallback: "/dev/urandom", meaning: "Where the guest's random numbers come from" }),
  seccompsandbox: text({
    fallback: "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    pattern: optionList,
    rule: optionRule,
    meaning: "QEMU's filter for its own system calls (-sandbox); empty: none",
  }),
  firmware: path({
    fallback: "",
    optional: true,
    meaning: "Firmware file; empty: QEMU's smallest that can start a kernel",
  }),
  enable_debug: flag({
    fallback: false,
    meaning: "The guest's kernel prints all its messages on the console, which makes starts slower",
  }),
  stop_timeout: integer({
    fallback: 3,
    min: 0,
    max: 600,
    unit: "seconds",
    ours: true,
    meaning: "How long a guest may take to power off before QEMU is killed",
  }),
} as const;
