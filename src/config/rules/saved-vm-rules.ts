import type { Rule, RuleInput } from "./rule.ts";

const either = ["~boot_to_be_template", "~boot_from_template"] as const;

/** Whether the VM is started in order to be saved, or made from one that was. */
function isSaved({ hypervisor }: RuleInput): boolean {
  return hypervisor.boot_to_be_template || hypervisor.boot_from_template;
}

/** A VM that is a template itself or comes from one. */
export const savedVmRules: readonly Rule[] = [
  {
    key: "~boot_to_be_template",
    with: ["~boot_from_template"],
    broken: ({ hypervisor }) =>
      hypervisor.boot_to_be_template &&
      hypervisor.boot_from_template &&
      "excludes boot_from_template: a VM that is made from a template is none itself",
  },
  {
    key: "~memory_path",
    with: either,
    broken: (input) =>
      isSaved(input) && input.hypervisor.memory_path === "" && "must be set: a template's memory is kept in a file",
  },
  {
    key: "~device_state_path",
    with: ["~boot_from_template"],
    broken: ({ hypervisor }) =>
      hypervisor.boot_from_template &&
      hypervisor.device_state_path === "" &&
      "must be set: a VM from a template needs the state of its devices",
  },
  {
    key: "~shared_fs",
    with: either,
    broken: (input) =>
      isSaved(input) &&
      input.hypervisor.shared_fs.includes("virtio-fs") &&
      "must not be of the kind virtio-fs: its daemon maps the guest's memory, which a template shares between VMs",
  },
  {
    key: "~image",
    with: [...either, "~initrd"],
    broken: (input) =>
      isSaved(input) &&
      input.hypervisor.initrd === "" &&
      "must be empty and initrd set: a template's memory does not go together with a disk",
  },
];
