import { hypervisorAnnotation } from "../annotation-rule.ts";
import { flag, textList } from "../key.ts";
import { noEffect } from "../limit.ts";

const oneNode = "a VM is a single NUMA node";

/** NUMA nodes of the guest. */
export const numaKeys = {
  enable_numa: flag({
    fallback: false,
    hypervisors: ["qemu"],
    limits: noEffect(oneNode),
    meaning: "Gives the guest the host's NUMA nodes, with CPUs and memory of each",
  }),
  numa_mapping: textList({
    fallback: [],
    pattern: /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/,
    rule: 'must be an array of node lists such as "0-1" or "0,2"',
    hypervisors: ["qemu"],
    annotation: hypervisorAnnotation("numa_mapping"),
    limits: noEffect(oneNode),
    meaning: "Nodes of the host behind each node of the guest; none: one behind each",
  }),
} as const;
