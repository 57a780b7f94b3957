import { hypervisorAnnotation } from "../annotation-rule.ts";
import { flag, integer, path } from "../key.ts";
import { noEffect } from "../limit.ts";

/** Swap space of the guest. */
export const swapKeys = {
  enable_guest_swap: flag({
    fallback: false,
    hypervisors: ["qemu", "clh", "dragonball", "openvmm"],
    annotation: hypervisorAnnotation("enable_guest_swap"),
    limits: noEffect("guests have no swap space"),
    meaning: "Gives the guest swap space, which pods size with annotations of their own",
  }),
  guest_swap_path: path({
    fallback: "/run/kata-containers/swap",
    hypervisors: ["clh", "dragonball", "openvmm"],
    meaning: "Directory of the host for the files behind swap space",
  }),
  guest_swap_size_percent: integer({
    fallback: 100,
    min: 0,
    max: 10_000,
    unit: "percent of the VM's memory",
    hypervisors: ["clh", "dragonball", "openvmm"],
    meaning: "Size of a guest's swap space",
  }),
  guest_swap_create_threshold_secs: integer({
    fallback: 60,
    min: 0,
    unit: "seconds",
    hypervisors: ["clh", "dragonball", "openvmm"],
    meaning: "How long a VM runs before it gets its swap space",
  }),
} as const;
