import { choice, flag, integer } from "../key.ts";

/** `[runtime]`. */
export const runtimeKeys = {
  hypervisor_name: choice(["", "qemu"], {
    fallback: "",
    meaning: "Which [hypervisor.NAME] is used; empty: the only one there is",
  }),
  enable_debug: flag({ fallback: false, meaning: "The shim logs at level debug" }),
  internetworking_model: choice(["tcfilter", "macvtap", "none"], {
    fallback: "tcfilter",
    meaning: "How a network interface of the pod is joined to the VM",
  }),
  disable_new_netns: flag({
    fallback: false,
    meaning: "QEMU stays in the host's network namespace; demands internetworking_model none",
  }),
  disable_guest_seccomp: flag({
    fallback: true,
    meaning: "Seccomp profiles of containers are not applied in the guest",
  }),
  sandbox_cgroup_only: flag({
    fallback: false,
    meaning: "Everything of a sandbox is accounted to the pod's cgroup, also QEMU's and the shim's own needs",
  }),
  static_sandbox_resource_mgmt: flag({
    fallback: true,
    meaning: "A VM gets its size from the pod's limits when it starts and keeps it",
  }),
  create_container_timeout: integer({
    fallback: 60,
    min: 1,
    max: 86_400,
    unit: "seconds",
    meaning: "How long the agent may take to create a container",
  }),
} as const;
