import { hypervisorAnnotation } from "../annotation-rule.ts";
import { choice, flag, integer, path, textList } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";
import { sharingHypervisors } from "./groups.ts";

/** Files of the host in the guest. */
export const shareFsKeys = {
  shared_fs: choice(["virtio-fs", "virtio-9p", "virtio-fs-nydus", "inline-virtio-fs", "none"], {
    fallback: "virtio-fs",
    defaults: [
      { hypervisors: ["firecracker", "remote"], value: "none" },
      { hypervisors: ["dragonball"], value: "inline-virtio-fs" },
    ],
    annotation: hypervisorAnnotation("shared_fs"),
    limits: notPossible("containers get their files through virtio-fs and a daemon", {
      values: ["virtio-9p", "virtio-fs-nydus", "inline-virtio-fs", "none"],
    }),
    meaning: "How files of the host reach the guest",
  }),
  virtio_fs_daemon: path({
    fallback: "",
    optional: true,
    hypervisors: sharingHypervisors,
    annotation: hypervisorAnnotation("virtio_fs_daemon", { allowedBy: "valid_virtio_fs_daemon_paths" }),
    meaning: "virtiofsd's executable, in C (QEMU up to 7.2) or Rust; empty: the one that is installed",
  }),
  valid_virtio_fs_daemon_paths: textList({
    fallback: [],
    hypervisors: sharingHypervisors,
    meaning: "Patterns of executables that a pod's annotation may put in the place of virtio_fs_daemon",
  }),
  virtio_fs_extra_args: textList({
    fallback: [],
    hypervisors: sharingHypervisors,
    annotation: hypervisorAnnotation("virtio_fs_extra_args", {
      never: "is not for pods: these are arguments of a program on the host, which could share any directory with them",
    }),
    meaning: "Arguments appended to virtiofsd's own",
  }),
  virtio_fs_cache: choice(["never", "auto", "always", "metadata"], {
    fallback: "never",
    shipped: "auto",
    synonyms: { none: "never" },
    hypervisors: sharingHypervisors,
    annotation: hypervisorAnnotation("virtio_fs_cache"),
    meaning: "What the guest may cache: never, auto (revalidated after a second), always, metadata (Rust daemon only)",
  }),
  virtio_fs_cache_size: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    unit: "MiB",
    hypervisors: sharingHypervisors,
    annotation: hypervisorAnnotation("virtio_fs_cache_size"),
    limits: notPossible("QEMU has no DAX window for virtio-fs"),
    meaning: "Size of the DAX window, in which guests share the host's page cache; 0: no DAX",
  }),
  virtio_fs_is_dax: flag({
    fallback: false,
    hypervisors: sharingHypervisors,
    limits: notPossible("QEMU has no DAX window for virtio-fs"),
    meaning: "Demands a DAX window, of 1024 MiB unless virtio_fs_cache_size says otherwise",
  }),
  virtio_fs_queue_size: integer({
    fallback: 0,
    shipped: 1024,
    min: 2,
    max: 1024,
    powerOfTwo: true,
    orZero: true,
    hypervisors: sharingHypervisors,
    meaning: "Length of virtio-fs queues; 0: 1024",
  }),
  msize_9p: integer({
    fallback: 8192,
    min: 0,
    max: 0xffff_ffff,
    unit: "bytes",
    hypervisors: ["qemu", "clh", "firecracker"],
    annotation: hypervisorAnnotation("msize_9p"),
    limits: noEffect("nothing is shared through 9p"),
    meaning: "Size of 9p messages",
  }),
  prefetch_list_path: path({
    fallback: "",
    optional: true,
    annotation: hypervisorAnnotation("prefetch_files.list", {
      never: "is not for pods: it is a path of the host",
    }),
    limits: noEffect("there is no nydus daemon that could read ahead"),
    meaning: "File that lists what a nydus daemon reads ahead of an image",
  }),
} as const;
