import { hypervisorAnnotation } from "../annotation-rule.ts";
import { flag, integer, path, textList } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";

const store = "/var/run/kata-containers/vhost-user";
const noStore = "there are no vhost-user block devices";

/** Block devices that another process of the host serves. */
export const vhostUserKeys = {
  enable_vhost_user_store: flag({
    fallback: false,
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("enable_vhost_user_store"),
    limits: notPossible(noStore),
    meaning:
      "Takes device nodes with certain major numbers for vhost-user devices, which are found in vhost_user_store_path",
  }),
  vhost_user_store_path: path({
    fallback: `${store}/`,
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("vhost_user_store_path", { allowedBy: "valid_vhost_user_store_paths" }),
    limits: noEffect(noStore, { harmless: [store] }),
    meaning: "Directory with the sockets and device nodes of vhost-user block devices",
  }),
  valid_vhost_user_store_paths: textList({
    fallback: [],
    hypervisors: ["qemu"],
    meaning: "Patterns of directories that a pod's annotation may name as vhost_user_store_path",
  }),
  vhost_user_reconnect_timeout_sec: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    unit: "seconds",
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("vhost_user_reconnect_timeout_sec"),
    limits: noEffect(noStore),
    meaning: "Pause before the VMM connects again to a vhost-user device that went away; 0: it does not",
  }),
} as const;
