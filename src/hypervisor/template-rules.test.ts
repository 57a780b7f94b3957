import { describe, expect, test } from "vitest";
import { type TemplateConfig, templateProblems } from "./template-rules.ts";

const plain: TemplateConfig = {
  bootToBeTemplate: false,
  bootFromTemplate: false,
  memoryPath: "",
  deviceStatePath: "",
  sharedFs: "virtio-fs",
  boot: "image",
};
const files = { memoryPath: "/run/vc/vm/template/memory", deviceStatePath: "/run/vc/vm/template/state" };
const toBe: TemplateConfig = { ...plain, ...files, bootToBeTemplate: true, sharedFs: "virtio-9p", boot: "initrd" };
const from: TemplateConfig = { ...toBe, bootToBeTemplate: false, bootFromTemplate: true };

describe("templateProblems()", () => {
  test.each<[string, TemplateConfig, string[]]>([
    ["without templates", plain, []],
    ["of a template", toBe, []],
    ["of a VM from a template", from, []],
    ["of a template without state", { ...toBe, deviceStatePath: "" }, []],
    ["of both", { ...from, bootToBeTemplate: true }, ["boot_to_be_template"]],
    ["of a template without memory", { ...toBe, memoryPath: "" }, ["memory_path"]],
    ["of a VM without memory", { ...from, memoryPath: "" }, ["memory_path"]],
    ["of a VM without state", { ...from, deviceStatePath: "" }, ["device_state_path"]],
    ["of no shared files", { ...from, sharedFs: "none" }, []],
    ["of virtio-fs", { ...from, sharedFs: "virtio-fs" }, ["shared_fs"]],
    ["of nydus", { ...toBe, sharedFs: "virtio-fs-nydus" }, ["shared_fs"]],
    ["of virtio-fs inside the VMM", { ...toBe, sharedFs: "inline-virtio-fs" }, ["shared_fs"]],
    ["of an image", { ...toBe, boot: "image" }, ["image"]],
    [
      "of everything at once",
      { ...plain, bootToBeTemplate: true, bootFromTemplate: true },
      ["boot_to_be_template", "memory_path", "device_state_path", "shared_fs", "image"],
    ],
  ])("%s", (_, config, keys) => {
    const problems = templateProblems(config);
    expect(problems.map(({ key }) => key)).toEqual(keys);
    for (const { rule } of problems) expect(rule).toMatch(/^(excludes|must) .*[^.]$/);
  });
});
