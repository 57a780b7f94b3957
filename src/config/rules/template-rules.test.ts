import { expect, test } from "vitest";
import { toldOf } from "../testing/examined.ts";
import { templateRules } from "./template-rules.ts";
import { describeRules } from "./testing/rule-table.ts";

const template = { "factory.enable_template": "true" };
const shareless = { ...template, "~shared_fs": '"none"' };
const cache = { "factory.vm_cache_number": "2" };

describeRules("rules of templates and caches", templateRules, [
  {
    broken: [
      [
        { ...template, "~image": '"/i"' },
        "error main.toml:4:19  factory.enable_template: needs an initrd: a template of an image is not possible",
      ],
    ],
    holds: [{ ...template, "~initrd": '"/i"' }],
  },
  {
    broken: [
      [
        template,
        'error main.toml:3:19  factory.enable_template: excludes shared_fs "virtio-fs": its daemon maps the memory that a template shares',
      ],
      [
        { ...template, "~shared_fs": '"virtio-fs-nydus"' },
        'error main.toml:4:19  factory.enable_template: excludes shared_fs "virtio-fs-nydus": its daemon maps the memory that a template shares',
      ],
    ],
    holds: [shareless, { "factory.enable_template": "false" }],
  },
  {
    broken: [
      [
        { ...cache, ...shareless },
        "error main.toml:4:19  factory.vm_cache_number: excludes enable_template: use one of the two",
      ],
    ],
    holds: [cache, template],
  },
  { broken: [], holds: [cache] },
]);

test("only QEMU has a cache", () => {
  const told = toldOf("[hypervisor.clh]\n[factory]\nvm_cache_number = 1\n");
  expect(told).toContain("error main.toml:3:19  factory.vm_cache_number: works with QEMU only, not with clh");
  expect(toldOf('[hypervisor.clh]\n[factory]\nvm_cache_number = "1"\n').join()).not.toContain("works with QEMU only");
});
