import { hypervisorAnnotation } from "../annotation-rule.ts";
import { integer, path, text } from "../key.ts";

/** VMs that a service elsewhere runs. */
export const remoteKeys = {
  remote_hypervisor_socket: path({
    fallback: "/run/peerpod/hypervisor.sock",
    hypervisors: ["remote"],
    meaning: "Unix socket of the service that makes VMs elsewhere",
  }),
  remote_hypervisor_timeout: integer({
    fallback: 600,
    min: 0,
    max: 0x7fff_ffff,
    unit: "seconds",
    hypervisors: ["remote"],
    meaning: "How long the service may take to start a VM",
  }),
  default_gpus: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    hypervisors: ["remote"],
    annotation: hypervisorAnnotation("default_gpus"),
    meaning: "GPUs that a VM is to have",
  }),
  default_gpu_model: text({
    fallback: "",
    hypervisors: ["remote"],
    annotation: hypervisorAnnotation("default_gpu_model"),
    meaning: "Model of the GPUs that a VM is to have; empty: any",
  }),
} as const;
