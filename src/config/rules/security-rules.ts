import type { Rule } from "./rule.ts";

/** Confidential guests. */
export const securityRules: readonly Rule[] = [
  {
    key: "~sev_snp_guest",
    with: ["~confidential_guest"],
    broken: ({ hypervisor }) =>
      hypervisor.sev_snp_guest && !hypervisor.confidential_guest && "needs confidential_guest = true",
  },
  {
    key: "~snp_id_block",
    with: ["~snp_id_auth"],
    broken: ({ hypervisor }) => hypervisor.snp_id_block !== "" && hypervisor.snp_id_auth === "" && "needs snp_id_auth",
  },
  {
    key: "~snp_id_auth",
    with: ["~snp_id_block"],
    broken: ({ hypervisor }) => hypervisor.snp_id_auth !== "" && hypervisor.snp_id_block === "" && "needs snp_id_block",
  },
  {
    key: "~shared_fs",
    with: ["~confidential_guest"],
    severity: "warning",
    broken: ({ hypervisor: { confidential_guest: confidential, shared_fs: shared } }) =>
      confidential &&
      shared !== "none" &&
      `should be "none" in a confidential guest: the host can change every shared file`,
  },
  {
    key: "~hot_plug_vfio",
    with: ["~confidential_guest"],
    broken: ({ hypervisor: { confidential_guest: confidential, hot_plug_vfio: port } }) =>
      confidential && port !== "no-port" && 'must be "no-port" in a confidential guest: its devices are fixed at boot',
  },
  {
    key: "~enable_virtio_mem",
    with: ["~confidential_guest"],
    broken: ({ hypervisor }) =>
      hypervisor.confidential_guest &&
      hypervisor.enable_virtio_mem &&
      "excludes confidential_guest: its memory is fixed at boot",
  },
  {
    key: "~rootless",
    with: ["~confidential_guest"],
    severity: "warning",
    broken: ({ hypervisor, type }) =>
      type === "qemu" &&
      hypervisor.rootless &&
      hypervisor.confidential_guest &&
      "hardly works with confidential_guest: the protection's device needs root",
  },
];
