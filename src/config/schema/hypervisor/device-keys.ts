import { hypervisorAnnotation } from "../annotation-rule.ts";
import { choice, flag, integer } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";

const vfioPorts = ["no-port", "bridge-port", "root-port", "switch-port"] as const;
/** The Rust runtime writes nothing where it means no port. */
const vfioSynonyms = { "": "no-port" } as const;

/** Ports for devices, devices of the host, and what stands between them and memory. */
export const deviceKeys = {
  default_bridges: integer({
    fallback: 1,
    min: 0,
    max: 5,
    hypervisors: ["qemu", "clh", "firecracker", "stratovirt", "dragonball", "acrn", "remote"],
    limits: noEffect("devices are added to PCIe root ports"),
    meaning: "PCI bridges for devices that are added to a running VM",
  }),
  pcie_root_port: integer({
    fallback: 0,
    min: 0,
    max: 16,
    hypervisors: ["qemu", "clh"],
    annotation: hypervisorAnnotation("pcie_root_port"),
    meaning: "PCIe ports for devices that are added to a running VM; each makes the start a little slower",
  }),
  pcie_switch_port: integer({
    fallback: 0,
    min: 0,
    max: 16,
    hypervisors: ["qemu", "clh"],
    annotation: hypervisorAnnotation("pcie_switch_port"),
    limits: noEffect("devices are added to PCIe root ports"),
    meaning: "Ports of a PCIe switch for devices that are added to a running VM",
  }),
  hot_plug_vfio: choice(vfioPorts, {
    fallback: "no-port",
    synonyms: vfioSynonyms,
    hypervisors: ["qemu", "clh"],
    annotation: hypervisorAnnotation("hot_plug_vfio"),
    limits: notPossible("devices of the host are not passed to VMs"),
    meaning: "Kind of port that a device of the host is plugged into while the VM runs; excludes cold_plug_vfio",
  }),
  cold_plug_vfio: choice(vfioPorts, {
    fallback: "no-port",
    synonyms: vfioSynonyms,
    hypervisors: ["qemu", "clh"],
    annotation: hypervisorAnnotation("cold_plug_vfio"),
    limits: notPossible("devices of the host are not passed to VMs"),
    meaning: "Kind of port that a device of the host is plugged into before the VM starts; excludes hot_plug_vfio",
  }),
  enable_iommu: flag({
    fallback: false,
    hypervisors: ["qemu", "firecracker", "clh", "stratovirt"],
    annotation: hypervisorAnnotation("enable_iommu"),
    limits: notPossible("VMs have no IOMMU"),
    meaning: "Gives the guest an IOMMU, which confines what its devices can reach",
  }),
  enable_iommu_platform: flag({
    fallback: false,
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("enable_iommu_platform"),
    limits: notPossible("virtio devices reach all memory of the guest"),
    meaning: "Makes virtio devices go through the platform's address translation, as protected VMs on s390x need it",
  }),
} as const;
