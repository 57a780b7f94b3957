import { securityRules } from "./security-rules.ts";
import { describeRules } from "./testing/rule-table.ts";

const confidential = { "~confidential_guest": "true" };

describeRules("rules of confidential guests", securityRules, [
  {
    broken: [
      [
        { "~sev_snp_guest": "true" },
        "error main.toml:2:17  hypervisor.qemu.sev_snp_guest: needs confidential_guest = true",
      ],
    ],
    holds: [{ ...confidential, "~sev_snp_guest": "true" }],
  },
  {
    broken: [[{ "~snp_id_block": '"eA=="' }, "error main.toml:2:16  hypervisor.qemu.snp_id_block: needs snp_id_auth"]],
    holds: [{ "~snp_id_block": '"eA=="', "~snp_id_auth": '"eA=="' }],
  },
  {
    broken: [[{ "~snp_id_auth": '"eA=="' }, "error main.toml:2:15  hypervisor.qemu.snp_id_auth: needs snp_id_block"]],
    holds: [{ "~snp_id_block": '"eA=="', "~snp_id_auth": '"eA=="' }],
  },
  {
    broken: [
      [
        confidential,
        'warning main.toml:2:22  hypervisor.qemu.shared_fs: should be "none" in a confidential guest: the host can change every shared file',
      ],
    ],
    holds: [{ ...confidential, "~shared_fs": '"none"' }],
  },
  {
    broken: [
      [
        { ...confidential, "~hot_plug_vfio": '"root-port"' },
        'error main.toml:3:17  hypervisor.qemu.hot_plug_vfio: must be "no-port" in a confidential guest: its devices are fixed at boot',
      ],
    ],
    holds: [confidential, { "~hot_plug_vfio": '"root-port"' }],
  },
  {
    broken: [
      [
        { ...confidential, "~enable_virtio_mem": "true" },
        "error main.toml:3:21  hypervisor.qemu.enable_virtio_mem: excludes confidential_guest: its memory is fixed at boot",
      ],
    ],
    holds: [confidential, { "~enable_virtio_mem": "true" }],
  },
  {
    broken: [
      [
        { ...confidential, "~rootless": "true" },
        "warning main.toml:3:12  hypervisor.qemu.rootless: hardly works with confidential_guest: the protection's device needs root",
      ],
    ],
    holds: [confidential, { "~rootless": "true" }],
  },
]);
