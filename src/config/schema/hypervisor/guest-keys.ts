import { hypervisorAnnotation } from "../annotation-rule.ts";
import { choice, path, tables, text, textList } from "../key.ts";
import { notPossible } from "../limit.ts";
import { localHypervisors } from "./groups.ts";

const extensionImageKeys = {
  name: text({
    fallback: "",
    pattern: /^[\w-]{0,64}$/,
    rule: "must be at most 64 letters, digits, _ and -",
    meaning: "What the extension is called in the guest and in its disk's serial number",
  }),
  path: path({
    fallback: "",
    optional: true,
    meaning: "The image's file on the host; empty: the extension is left out",
  }),
  verity_params: text({ fallback: "", meaning: "How dm-verity checks the image, as in kernel_verity_params" }),
} as const;

/** What the guest boots from. */
export const guestKeys = {
  kernel: path({
    fallback: "/usr/share/kata-containers/vmlinuz.container",
    defaults: [{ hypervisors: ["firecracker"], value: "/usr/share/kata-containers/vmlinux.container" }],
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("kernel", { allowedBy: "valid_kernel_paths" }),
    meaning: "The guest's kernel; an uncompressed vmlinux starts faster than a bzImage",
  }),
  valid_kernel_paths: textList({
    fallback: [],
    ours: true,
    hypervisors: localHypervisors,
    meaning: "Patterns of files that a pod's annotation may name as kernel",
  }),
  initrd: path({
    fallback: "",
    optional: true,
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("initrd", { allowedBy: "valid_image_paths" }),
    meaning: "The guest's initial file system; excludes image",
  }),
  image: path({
    fallback: "",
    optional: true,
    // Remote VMs boot an image of the cloud, which is chosen by annotation only and is no file of this host.
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("image", { allowedBy: "valid_image_paths" }),
    meaning: "The guest's root disk, a raw image; excludes initrd",
  }),
  valid_image_paths: textList({
    fallback: [],
    ours: true,
    hypervisors: localHypervisors,
    meaning: "Patterns of files that a pod's annotations may name as image or initrd",
  }),
  rootfs_type: choice(["ext4", "xfs", "erofs"], {
    fallback: "ext4",
    hypervisors: localHypervisors,
    meaning: "File system inside the image",
  }),
  kernel_verity_params: text({
    fallback: "",
    pattern: /^[\w=,.-]*$/,
    rule: "must be a comma list of NAME=VALUE words",
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("kernel_verity_params"),
    meaning:
      "How dm-verity checks the image: root_hash=H,salt=S,data_blocks=N,data_block_size=N,hash_block_size=N; empty: it is not checked",
  }),
  kernel_params: text({
    fallback: "",
    annotation: hypervisorAnnotation("kernel_params"),
    meaning: "Parameters appended to the guest kernel's command line; words with spaces stand in double quotes",
  }),
  guest_extension_images: tables(extensionImageKeys, {
    fallback: [],
    hypervisors: localHypervisors,
    limits: notPossible("further disks are not given to the guest"),
    meaning: "Read-only images that extend the guest, each a disk of its own",
  }),
  firmware: path({
    fallback: "",
    optional: true,
    annotation: hypervisorAnnotation("firmware", { allowedBy: "valid_firmware_paths" }),
    meaning: "Firmware file; empty: the VMM's smallest that can start a kernel",
  }),
  firmware_volume: path({
    fallback: "",
    optional: true,
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("firmware_volume", { allowedBy: "valid_firmware_paths" }),
    limits: notPossible("QEMU gets no flash memory"),
    meaning: "File with the variables that belong to the firmware's code",
  }),
  valid_firmware_paths: textList({
    fallback: [],
    ours: true,
    meaning: "Patterns of files that a pod's annotations may name as firmware or firmware_volume",
  }),
  pflashes: textList({
    fallback: [],
    hypervisors: ["qemu"],
    limits: notPossible("QEMU gets no flash memory"),
    meaning: "Files that the guest sees as flash memory; on arm64 exactly two",
  }),
  guest_hook_path: path({
    fallback: "",
    optional: true,
    annotation: hypervisorAnnotation("guest_hook_path", {
      never: "is not for pods: hooks run as root in the guest, outside of every container",
    }),
    meaning:
      "Directory in the guest whose programs in `prestart`, `poststart` and `poststop` run as hooks of every container",
  }),
  initdata: text({
    fallback: "",
    maxLength: 4 * 1024 * 1024,
    annotation: hypervisorAnnotation("cc_init_data"),
    limits: notPossible("the guest gets no disk with it"),
    meaning: "Data for the first start of the guest, gzipped and in base64, whose digest an attestation proves",
  }),
} as const;
