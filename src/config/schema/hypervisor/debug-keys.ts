import { choice, flag, path } from "../key.ts";
import { noEffect } from "../limit.ts";

/** Looking into a VM. */
export const debugKeys = {
  enable_debug: flag({
    fallback: false,
    meaning: "The guest's kernel prints all its messages on the console, which makes starts slower",
  }),
  extra_monitor_socket: choice(["", "hmp", "qmp", "qmp-pretty"], {
    fallback: "",
    hypervisors: ["qemu"],
    limits: noEffect("QEMU has one monitor, which the shim uses"),
    meaning: "A second monitor of QEMU for people, and the language that it speaks; needs enable_debug",
  }),
  guest_memory_dump_path: path({
    fallback: "",
    optional: true,
    hypervisors: ["qemu"],
    limits: noEffect("the memory of a guest that panics is not kept"),
    meaning: "Directory of the host for the memory of guests whose kernel panics; empty: it is not kept",
  }),
  guest_memory_dump_paging: flag({
    fallback: false,
    hypervisors: ["qemu"],
    limits: noEffect("the memory of a guest that panics is not kept"),
    meaning: "Dumps memory by the guest's virtual addresses, which needs much memory on the host",
  }),
} as const;
