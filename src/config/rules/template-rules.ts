import type { Rule } from "./rule.ts";

/** VM templates and the VM cache. */
export const templateRules: readonly Rule[] = [
  {
    key: "factory.enable_template",
    with: ["~initrd"],
    broken: ({ factory, hypervisor }) =>
      factory.enable_template && hypervisor.initrd === "" && "needs an initrd: a template of an image is not possible",
  },
  {
    key: "factory.enable_template",
    with: ["~shared_fs"],
    broken: ({ factory, hypervisor: { shared_fs: shared } }) =>
      factory.enable_template &&
      // Of whatever make: virtio-fs-nydus and inline-virtio-fs, too.
      shared.includes("virtio-fs") &&
      `excludes shared_fs "${shared}": its daemon maps the memory that a template shares`,
  },
  {
    key: "factory.vm_cache_number",
    with: ["factory.enable_template"],
    broken: ({ factory }) =>
      factory.vm_cache_number > 0 && factory.enable_template && "excludes enable_template: use one of the two",
  },
  {
    key: "factory.vm_cache_number",
    broken: ({ factory, type }) =>
      factory.vm_cache_number > 0 && type !== "qemu" && `works with QEMU only, not with ${type}`,
  },
];
