import { hypervisorAnnotation } from "../annotation-rule.ts";
import { flag, text, textList } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";
import { optionList } from "./option-list.ts";

/** What confines the VMM, and what pods may change. */
export const isolationKeys = {
  enable_annotations: textList({
    fallback: [],
    meaning:
      "Regular expressions of annotations, by their last part such as default_vcpus, with which a pod may change this configuration; none: no pod may",
  }),
  seccompsandbox: text({
    ...optionList,
    fallback: "",
    shipped: "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    hypervisors: ["qemu"],
    meaning: "QEMU's filter for its own system calls (-sandbox); empty: none",
  }),
  disable_seccomp: flag({
    fallback: false,
    hypervisors: ["clh", "firecracker", "stratovirt", "dragonball", "openvmm"],
    meaning: "Lets the VMM make any system call",
  }),
  rootless: flag({
    fallback: false,
    hypervisors: ["qemu", "clh", "openvmm"],
    annotation: hypervisorAnnotation("rootless"),
    limits: notPossible("the VMM runs as the shim's user"),
    meaning: "Runs the VMM as an unprivileged user made for it",
  }),
  disable_selinux: flag({
    fallback: false,
    limits: noEffect("the VMM keeps the shim's SELinux label", { harmless: [true] }),
    meaning: "Leaves the VMM without the SELinux label that the container's specification names",
  }),
  selinux_label: text({
    fallback: undefined,
    limits: notPossible("the VMM keeps the shim's SELinux label"),
    meaning: "SELinux label of the VMM; unset: the one that the container's specification names",
  }),
  disable_guest_selinux: flag({
    fallback: false,
    shipped: true,
    limits: noEffect("processes in the guest have no SELinux labels", { harmless: [true] }),
    meaning: "Leaves processes in the guest without SELinux labels",
  }),
} as const;
