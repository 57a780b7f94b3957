import { hypervisorAnnotation } from "../annotation-rule.ts";
import { choice, decimal, flag, integer, path, text, textList } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";
import { localHypervisors } from "./groups.ts";
import { optionList } from "./option-list.ts";

const cpuRule = "must be a number of CPUs up to 240, or negative for all CPUs of the host";

/** The machine and its processors. */
export const machineKeys = {
  machine_type: choice(["q35", "microvm", "virt", "pseries", "s390-ccw-virtio"], {
    fallback: "q35",
    defaults: [
      { hypervisors: ["stratovirt"], value: "microvm" },
      { archs: ["arm64", "riscv64"], value: "virt" },
      { archs: ["ppc64le"], value: "pseries" },
      { archs: ["s390x"], value: "s390-ccw-virtio" },
    ],
    hypervisors: ["qemu", "clh", "stratovirt", "remote"],
    annotation: hypervisorAnnotation("machine_type"),
    limits: notPossible("only q35 and microvm are driven", { values: ["virt", "pseries", "s390-ccw-virtio"] }),
    meaning: "Machine model; microvm has no PCI and does not start reliably without KVM on every QEMU",
  }),
  machine_accelerators: text({
    ...optionList,
    fallback: "",
    hypervisors: ["qemu", "clh"],
    annotation: hypervisorAnnotation("machine_accelerators"),
    meaning: "Options appended to QEMU's -machine",
  }),
  cpu_features: text({
    ...optionList,
    fallback: "",
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("cpu_features"),
    meaning: "Features appended to the CPU model, such as pmu=off",
  }),
  default_vcpus: decimal({
    fallback: 1,
    max: 240,
    rule: cpuRule,
    annotation: hypervisorAnnotation("default_vcpus"),
    meaning:
      "vCPUs of a VM before those of its containers are added; 0: one, negative or more than the host has: all its CPUs",
  }),
  default_maxvcpus: integer({
    fallback: 0,
    min: 0,
    max: 240,
    annotation: hypervisorAnnotation("default_max_vcpus"),
    meaning: "Most vCPUs that a VM can have; 0: all CPUs of the host",
  }),
  overhead_vcpus: decimal({
    fallback: 0,
    min: 0,
    max: 240,
    rule: "must be a number of CPUs from 0 to 240",
    hypervisors: ["qemu", "clh", "dragonball", "openvmm"],
    limits: noEffect("CPUs of the containers are added to default_vcpus"),
    meaning: "vCPUs that a VM gets beyond those of its containers when its size is fixed",
  }),
  entropy_source: path({
    fallback: "/dev/urandom",
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("entropy_source", { allowedBy: "valid_entropy_sources" }),
    meaning: "Where the guest's random numbers come from",
  }),
  valid_entropy_sources: textList({
    fallback: [],
    hypervisors: localHypervisors,
    meaning: "Patterns of files that a pod's annotation may name as entropy_source",
  }),
  use_legacy_serial: flag({
    fallback: false,
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("use_legacy_serial"),
    limits: noEffect("the console is always on the serial port", { harmless: [true] }),
    meaning: "Puts the guest's console on an emulated serial port instead of a virtio one",
  }),
  disable_nesting_checks: flag({
    fallback: false,
    hypervisors: localHypervisors,
    limits: noEffect("nothing is changed for hosts that are VMs themselves", { harmless: [true] }),
    meaning: "Leaves VMs as they are even if the host is a VM itself",
  }),
  disable_nested_virtualization: flag({
    fallback: undefined,
    hypervisors: ["clh"],
    meaning: "Hides from guests that their CPU could run VMs",
  }),
} as const;
