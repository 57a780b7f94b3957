import { hypervisorAnnotation } from "../annotation-rule.ts";
import { flag, integer } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";

/** Network cards. */
export const networkKeys = {
  disable_vhost_net: flag({
    fallback: false,
    hypervisors: ["qemu", "dragonball"],
    annotation: hypervisorAnnotation("disable_vhost_net"),
    meaning: "Moves packets in the VMM instead of the host's kernel",
  }),
  network_queues: integer({
    fallback: 1,
    min: 1,
    max: 256,
    hypervisors: ["qemu", "clh", "firecracker", "dragonball", "openvmm"],
    annotation: hypervisorAnnotation("network_queues"),
    limits: noEffect("the number of vCPUs decides"),
    meaning: "Pairs of queues of a network card",
  }),
  rx_rate_limiter_max_rate: integer({
    fallback: 0,
    min: 0,
    unit: "bit/s",
    hypervisors: ["qemu", "firecracker"],
    annotation: hypervisorAnnotation("rx_rate_limiter_max_rate"),
    limits: notPossible("traffic of VMs is not limited"),
    meaning: "Most that a VM may receive; 0: no limit",
  }),
  tx_rate_limiter_max_rate: integer({
    fallback: 0,
    min: 0,
    unit: "bit/s",
    hypervisors: ["qemu", "firecracker"],
    annotation: hypervisorAnnotation("tx_rate_limiter_max_rate"),
    limits: notPossible("traffic of VMs is not limited"),
    meaning: "Most that a VM may send; 0: no limit",
  }),
} as const;
