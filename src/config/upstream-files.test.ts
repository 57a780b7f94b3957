import { describe, expect, test } from "vitest";
import { upstreamConfig, upstreamConfigFiles } from "../../test/support/upstream-config.ts";
import { isFatal } from "./finding.ts";
import { loadRuntimeConfig } from "./load.ts";
import { diskWith, examined, linesOf, mainFile } from "./testing/examined.ts";
import { parseToml } from "./toml/parse.ts";
import { printTomlValue } from "./toml/print.ts";

/** Names that the Rust runtime has for keys, where its files use them. */
const otherNames: Readonly<Record<string, string>> = {
  "hypervisor.*.seccomp_sandbox": "hypervisor.*.seccompsandbox",
  "hypervisor.*.dbg_monitor_socket": "hypervisor.*.extra_monitor_socket",
  "hypervisor.*.hypervisor_socket": "hypervisor.*.remote_hypervisor_socket",
  "hypervisor.*.hypervisor_timeout": "hypervisor.*.remote_hypervisor_timeout",
  "hypervisor.*.enable_balloon_f_reporting": "hypervisor.*.reclaim_guest_freed_memory",
  "hypervisor.*.factory.enable_template": "factory.enable_template",
  "hypervisor.*.factory.template_path": "factory.template_path",
  "runtime.passfd_listener_port": "agent.kata.passfd_listener_port",
  "agent.kata.create_container_timeout": "runtime.create_container_timeout",
  "agent.kata.reconnect_timeout_ms": "agent.kata.dial_timeout",
  "agent.kata.cdh_api_timeout_ms": "agent.kata.cdh_api_timeout",
  "agent.kata.mem_agent.mem_agent_enable": "agent.kata.mem_agent.enable",
};

/** Values that are read as another: synonyms, and milliseconds of keys that count seconds. */
const otherValues: Readonly<Record<string, string>> = {
  '"cloud-hypervisor"': '"clh"',
  '"virtio-blk-pci"': '"virtio-blk"',
  '"virtio-blk-mmio"': '"virtio-mmio"',
  '"virtio-pmem"': '"nvdimm"',
};

interface WrittenLine {
  readonly path: string;
  readonly value: string;
  readonly line: number;
  readonly column: number;
}

/** What stands in a file, found without the parser under test. */
function writtenLines(text: string): WrittenLine[] {
  let table = "";
  const lines: WrittenLine[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    table = /^\[([^[\]]+)\]$/.exec(line)?.[1] ?? (line.startsWith("[[") ? "" : table);
    const [, key, space, value] = /^(\w+)( = )(.*)$/.exec(line) ?? [];
    if (table === "" || key === undefined || space === undefined || value === undefined) continue;
    lines.push({ path: `${table}.${key}`, value, line: index + 1, column: key.length + space.length + 1 });
  }
  return lines;
}

function canonical(path: string, hypervisor: string): string {
  const general = path.replace(/^hypervisor\.[\w-]+/, "hypervisor.*");
  return (otherNames[general] ?? general).replace("*", hypervisor);
}

function canonicalValue(path: string, value: string): string {
  if (/_timeout_ms$/.test(path) && otherNames[path] !== undefined) return String(Math.max(Number(value) / 1000, 10));
  const plain = printTomlValue(parseToml(`v = ${value}`).table.get("v")?.value ?? "");
  return otherValues[plain] ?? plain;
}

/** What stops a start with QEMU's files, by their names; a file of another hypervisor is stopped by that alone. */
const unsupported: Readonly<Record<string, string>> = {
  "go/configuration-qemu": "",
  "go/configuration-qemu-coco-dev": "emptydir_mode shared_fs",
  "go/configuration-qemu-nvidia-cpu": "",
  "go/configuration-qemu-nvidia-gpu": "cold_plug_vfio",
  "go/configuration-qemu-nvidia-gpu-snp": "cold_plug_vfio confidential_guest emptydir_mode sev_snp_guest shared_fs",
  "go/configuration-qemu-nvidia-gpu-tdx": "cold_plug_vfio confidential_guest emptydir_mode shared_fs",
  "go/configuration-qemu-se": "cold_plug_vfio confidential_guest emptydir_mode shared_fs",
  "go/configuration-qemu-snp": "confidential_guest emptydir_mode sev_snp_guest shared_fs",
  "go/configuration-qemu-tdx": "confidential_guest emptydir_mode shared_fs",
  "runtime-rs/configuration-qemu-coco-dev-runtime-rs": "emptydir_mode guest_extension_images shared_fs",
  "runtime-rs/configuration-qemu-nvidia-cpu-runtime-rs": "emptydir_mode shared_fs",
  "runtime-rs/configuration-qemu-nvidia-gpu-runtime-rs":
    "cold_plug_vfio emptydir_mode guest_extension_images shared_fs",
  "runtime-rs/configuration-qemu-nvidia-gpu-snp-runtime-rs":
    "cold_plug_vfio confidential_guest emptydir_mode guest_extension_images sev_snp_guest shared_fs",
  "runtime-rs/configuration-qemu-nvidia-gpu-tdx-runtime-rs":
    "cold_plug_vfio confidential_guest emptydir_mode guest_extension_images shared_fs",
  "runtime-rs/configuration-qemu-runtime-rs": "",
  "runtime-rs/configuration-qemu-se-runtime-rs":
    "cold_plug_vfio confidential_guest emptydir_mode guest_extension_images shared_fs",
  "runtime-rs/configuration-qemu-snp-runtime-rs":
    "confidential_guest emptydir_mode guest_extension_images sev_snp_guest shared_fs",
  "runtime-rs/configuration-qemu-tdx-runtime-rs": "confidential_guest emptydir_mode guest_extension_images shared_fs",
};

describe("files that upstream ships", () => {
  const files = upstreamConfigFiles();
  const hypervisors = new Map(upstreamConfig().files.map(({ name, hypervisor }) => [name, hypervisor]));

  test("are all there", () => {
    expect(files).toHaveLength(29);
  });

  test.each(files)("$name loads without error and warning", ({ name, text }) => {
    const { findings, settings } = examined(text);
    expect(settings.hypervisor).toBe(hypervisors.get(name));
    expect(linesOf(findings.filter(({ severity }) => severity === "error" || severity === "warning"))).toEqual([]);
    expect(findings.filter(({ severity }) => severity === "note").every(({ code }) => code === "ignored")).toBe(true);
  });

  test.each(files)("$name says what kata-ts cannot do", ({ name, text }) => {
    const fatal = examined(text).findings.filter(isFatal);
    const hypervisor = hypervisors.get(name) ?? "";
    const expected = hypervisor === "qemu" ? unsupported[name.replace(".toml", "")] : hypervisor;
    const names = fatal.map(({ key }) => key.slice(key.lastIndexOf(".") + 1));
    expect(names.sort().join(" ")).toBe(expected);
    expect(fatal.every(({ severity, place }) => severity === "unsupported" && place.kind === "file")).toBe(true);
  });

  test.each(files)("$name has its values with their lines, and defaults else", ({ name, text }) => {
    const hypervisor = hypervisors.get(name) ?? "";
    const { list } = examined(text).settings;
    const settings = new Map(list.map((setting) => [setting.path, setting]));
    const lines = writtenLines(text);
    expect(lines.length).toBeGreaterThan(25);
    const set = new Set<string>();
    for (const { path, value, line, column } of lines) {
      const setting = settings.get(canonical(path, hypervisor));
      expect({ path, ...setting?.origin }).toEqual({ path, kind: "file", file: mainFile, line, column, dropIn: false });
      expect(`${path} = ${printTomlValue(setting?.value as never)}`).toBe(`${path} = ${canonicalValue(path, value)}`);
      set.add(setting?.path ?? "");
    }
    for (const { path, origin } of list) {
      if (!set.has(path) && !path.endsWith(".guest_extension_images")) expect(origin).toEqual({ kind: "default" });
    }
  });

  test.each(files.filter(({ name }) => /\/configuration-qemu(-runtime-rs)?\.toml$/.test(name)))(
    "a sandbox starts with $name",
    ({ text }) => {
      const config = loadRuntimeConfig({ sys: diskWith({ [mainFile]: text }) }, { path: mainFile });
      expect(config.warnings).toEqual([]);
      expect(config.hypervisor).toMatchObject({
        name: "qemu",
        path: "/usr/bin/qemu-system-x86_64",
        boot: { kind: "image", fsType: "ext4" },
        machineType: "q35",
        sharedFs: "virtio-fs",
      });
    },
  );
});
