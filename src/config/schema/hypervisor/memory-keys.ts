import { minimumMemoryMib } from "../../minimum-memory.ts";
import { hypervisorAnnotation } from "../annotation-rule.ts";
import { choice, flag, integer } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";
import { localHypervisors } from "./groups.ts";

const fixedSize = "a VM keeps the memory that it started with";

/** The guest's memory. */
export const memoryKeys = {
  default_memory: integer({
    fallback: 2048,
    shipped: 512,
    min: minimumMemoryMib,
    rule: `must be a whole number of MiB; the minimum is ${minimumMemoryMib} MiB`,
    unit: "MiB",
    annotation: hypervisorAnnotation("default_memory"),
    meaning: "Memory of a VM before that of its containers is added",
  }),
  default_maxmemory: integer({
    fallback: 0,
    min: 0,
    unit: "MiB",
    hypervisors: localHypervisors,
    meaning: "Most memory that a VM can have; 0: all memory of the host",
  }),
  memory_slots: integer({
    fallback: 10,
    min: 0,
    max: 256,
    annotation: hypervisorAnnotation("memory_slots"),
    limits: noEffect(fixedSize),
    meaning: "Slots for memory that is added to a running VM",
  }),
  memory_offset: integer({
    fallback: 0,
    min: 0,
    unit: "MiB",
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("memory_offset"),
    limits: noEffect("an NVDIMM gets the addresses that it needs"),
    meaning: "Address space above the memory that is kept free for NVDIMMs",
  }),
  overhead_memory: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    unit: "MiB",
    hypervisors: ["qemu", "clh", "dragonball", "openvmm"],
    limits: noEffect("memory of the containers is added to default_memory"),
    meaning: "Memory that a VM gets beyond that of its containers when its size is fixed",
  }),
  enable_mem_prealloc: flag({
    fallback: false,
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("enable_mem_prealloc"),
    limits: noEffect("memory is taken from the host as the guest touches it"),
    meaning: "Takes all memory of a VM from the host before it starts",
  }),
  enable_hugepages: flag({
    fallback: false,
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("enable_hugepages"),
    limits: notPossible("memory of VMs comes in ordinary pages"),
    meaning: "Takes a VM's memory from the host's huge pages",
  }),
  hugepage_type: choice(["hugetlbfs", "thp"], {
    fallback: "hugetlbfs",
    hypervisors: localHypervisors,
    annotation: hypervisorAnnotation("hugepage_type"),
    limits: noEffect("memory of VMs comes in ordinary pages"),
    meaning: "Kind of huge pages: reserved ones, or those that the host's kernel makes by itself",
  }),
  enable_virtio_mem: flag({
    fallback: false,
    hypervisors: ["qemu", "clh"],
    annotation: hypervisorAnnotation("enable_virtio_mem"),
    limits: noEffect(fixedSize),
    meaning: "Changes a running VM's memory with virtio-mem rather than with slots",
  }),
  reclaim_guest_freed_memory: flag({
    fallback: false,
    hypervisors: ["qemu", "clh", "dragonball", "openvmm"],
    annotation: hypervisorAnnotation("reclaim_guest_freed_memory"),
    limits: noEffect("the VM has no balloon"),
    meaning: "Gives memory back to the host that the guest does not use any more",
  }),
} as const;
