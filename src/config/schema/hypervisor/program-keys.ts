import { hypervisorAnnotation } from "../annotation-rule.ts";
import { choice, integer, path, textList } from "../key.ts";
import { noEffect } from "../limit.ts";
import { localHypervisors } from "./groups.ts";

/** The programs that run a VM. */
export const programKeys = {
  path: path({
    fallback: "/usr/bin/qemu-system-x86_64",
    defaults: [
      { hypervisors: ["qemu"], archs: ["arm64"], value: "/usr/bin/qemu-system-aarch64" },
      { hypervisors: ["qemu"], archs: ["ppc64le"], value: "/usr/bin/qemu-system-ppc64" },
      { hypervisors: ["qemu"], archs: ["s390x"], value: "/usr/bin/qemu-system-s390x" },
      { hypervisors: ["qemu"], archs: ["riscv64"], value: "/usr/bin/qemu-system-riscv64" },
      { hypervisors: ["clh"], value: "/usr/bin/cloud-hypervisor" },
      { hypervisors: ["firecracker"], value: "/usr/bin/firecracker" },
      { hypervisors: ["stratovirt"], value: "/usr/bin/stratovirt" },
      { hypervisors: ["dragonball"], value: "/usr/bin/dragonball" },
      { hypervisors: ["acrn"], value: "/usr/bin/acrn-dm" },
      { hypervisors: ["openvmm"], value: "/usr/bin/openvmm" },
    ],
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("path", { allowedBy: "valid_hypervisor_paths" }),
    meaning: "The VMM's executable on the host",
  }),
  valid_hypervisor_paths: textList({
    fallback: [],
    hypervisors: localHypervisors,
    meaning: "Patterns of executables that a pod's annotation may put in the place of path",
  }),
  accelerator: choice(["auto", "kvm", "tcg"], {
    fallback: "auto",
    ours: true,
    hypervisors: ["qemu"],
    meaning: "How the guest's CPU is run: auto takes KVM when it is usable, else TCG, which is 10 to 30 times slower",
  }),
  jailer_path: path({
    fallback: "",
    optional: true,
    hypervisors: ["firecracker"],
    annotation: hypervisorAnnotation("jailer_path", { allowedBy: "valid_jailer_paths" }),
    meaning: "Firecracker's jailer; when it is set, the VMM runs inside a jail",
  }),
  valid_jailer_paths: textList({
    fallback: [],
    hypervisors: ["firecracker"],
    meaning: "Patterns of executables that a pod's annotation may put in the place of jailer_path",
  }),
  ctlpath: path({
    fallback: "",
    optional: true,
    hypervisors: ["dragonball", "acrn"],
    annotation: hypervisorAnnotation("ctlpath", { allowedBy: "valid_ctlpaths" }),
    meaning: "A program of its own that controls the VMM, for those that have one",
  }),
  valid_ctlpaths: textList({
    fallback: [],
    hypervisors: ["clh", "dragonball", "acrn", "openvmm"],
    meaning: "Patterns of executables that a pod's annotation may put in the place of ctlpath",
  }),
  stop_timeout: integer({
    fallback: 3,
    min: 0,
    max: 600,
    unit: "seconds",
    ours: true,
    hypervisors: localHypervisors,
    meaning: "How long a guest may take to power off before its VMM is killed",
  }),
  hypervisor_loglevel: integer({
    fallback: 1,
    min: 0,
    max: 3,
    hypervisors: ["clh", "qemu", "stratovirt"],
    limits: noEffect("QEMU has no such levels"),
    meaning: "How talkative the VMM is, from 1 for warnings to 3 for everything",
  }),
  log_level: choice(["trace", "debug", "info", "warn", "error", "critical"], {
    fallback: "info",
    hypervisors: ["dragonball"],
    meaning: "The least severe messages that the built-in VMM logs",
  }),
} as const;
