import { describe, expect, test } from "vitest";
import { createFakeSys } from "../../sys/fake.ts";
import { examineConfiguration } from "../examine.ts";
import { hostOf } from "../host.ts";
import { hypervisorTypes } from "../hypervisor-type.ts";
import { defaultOf } from "../schema/key.ts";
import { renderConfigurationFile } from "./configuration-file.ts";
import { configurationFiles } from "./generated.ts";
import { settingText } from "./value.ts";

const files = { kernel: "/guest/vmlinux", initrd: "/guest/initrd.img" };

function examineText(text: string) {
  const sys = createFakeSys();
  sys.fake.addFile("/proc/meminfo", "MemTotal:       16384000 kB\n");
  sys.fake.addFile("/c.toml", text);
  return { arch: hostOf(sys).arch, ...examineConfiguration({ sys }, { path: "/c.toml" }) };
}

describe("renderConfigurationFile()", () => {
  test.each(hypervisorTypes)("for %s loads to the defaults, what we ship, and the paths", (hypervisor) => {
    const { arch, findings, settings } = examineText(renderConfigurationFile(hypervisor, "amd64", files));
    expect(settings.hypervisor).toBe(hypervisor);
    // A hypervisor that kata-ts cannot drive, or its default, may be refused; nothing in the file is a mistake.
    expect(findings.filter(({ severity }) => severity === "error" || severity === "warning")).toEqual([]);
    for (const { key, path, value } of settings.list) {
      const known = new Map(Object.entries(files)).get(path.replace(`hypervisor.${hypervisor}.`, ""));
      const expected = known ?? key.shipped ?? defaultOf(key, hypervisor, arch);
      expect([path, settingText(value)]).toEqual([path, settingText(expected)]);
    }
  });

  test("for qemu has nothing that could be said about it", () => {
    expect(examineText(renderConfigurationFile("qemu", "amd64", files)).findings).toEqual([]);
  });

  test.each(hypervisorTypes)("for %s names every key once, and its default when it is commented out", (hypervisor) => {
    const text = renderConfigurationFile(hypervisor, "amd64", files);
    const uncommented = text.replace(/^# (?=\w+ = )/gm, "");
    const { settings } = examineText(uncommented);
    const missing = settings.list.filter(({ origin, value }) => origin.kind === "default" && value !== undefined);
    expect(missing.map(({ path }) => path)).toEqual([]);
    for (const { path } of settings.list) expect(text).toContain(`${path.split(".").at(-1)} =`);
    for (const line of text.split("\n")) expect(line.startsWith("#") ? line.length : 0).toBeLessThanOrEqual(120);
  });
});

test("configurationFiles() has one for each hypervisor, and the usual one twice", () => {
  const all = configurationFiles("amd64", files);
  expect(all.map(({ name }) => name)).toEqual([
    "configuration.toml",
    ...hypervisorTypes.map((type) => `configuration-${type}.toml`),
  ]);
  expect(all[0]?.text).toBe(all.find(({ name }) => name === "configuration-qemu.toml")?.text);
});
