import { savedVmRules } from "./saved-vm-rules.ts";
import { describeRules } from "./testing/rule-table.ts";

const files = { "~memory_path": '"/t/memory"', "~device_state_path": '"/t/state"' };
const fit = { ...files, "~shared_fs": '"none"', "~initrd": '"/i"' };
const toBe = { ...fit, "~boot_to_be_template": "true" };
const from = { ...fit, "~boot_from_template": "true" };
const but = <T extends object>(keys: T, ...names: (keyof T)[]) =>
  Object.fromEntries(Object.entries(keys).filter(([name]) => !names.includes(name as keyof T)));

describeRules("rules of a VM that is saved, or comes from one that was", savedVmRules, [
  {
    broken: [
      [
        { "~boot_to_be_template": "true", ...from },
        "error main.toml:2:23  hypervisor.qemu.boot_to_be_template: excludes boot_from_template: a VM that is made from a template is none itself",
      ],
    ],
    holds: [toBe, from],
  },
  {
    broken: [
      [
        but({ "~boot_to_be_template": "true", ...fit }, "~memory_path"),
        "error main.toml:2:23  hypervisor.qemu.memory_path: must be set: a template's memory is kept in a file",
      ],
      [
        but({ "~boot_from_template": "true", ...fit }, "~memory_path"),
        "error main.toml:2:22  hypervisor.qemu.memory_path: must be set: a template's memory is kept in a file",
      ],
    ],
    holds: [toBe, from, {}],
  },
  {
    broken: [
      [
        but({ "~boot_from_template": "true", ...fit }, "~device_state_path"),
        "error main.toml:2:22  hypervisor.qemu.device_state_path: must be set: a VM from a template needs the state of its devices",
      ],
    ],
    holds: [from, but(toBe, "~device_state_path"), {}],
  },
  {
    broken: ["virtio-fs", "virtio-fs-nydus", "inline-virtio-fs"].map((kind) => [
      { "~shared_fs": JSON.stringify(kind), ...but(toBe, "~shared_fs") },
      "error main.toml:2:13  hypervisor.qemu.shared_fs: must not be of the kind virtio-fs: its daemon maps the guest's memory, which a template shares between VMs",
    ]),
    holds: [toBe, from, { "~shared_fs": '"virtio-fs"' }],
  },
  {
    broken: [
      [
        { "~image": '"/i"', ...but(from, "~initrd") },
        "error main.toml:2:9  hypervisor.qemu.image: must be empty and initrd set: a template's memory does not go together with a disk",
      ],
    ],
    holds: [toBe, from, { "~image": '"/i"' }],
  },
]);
