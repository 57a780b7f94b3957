import type { Architecture } from "../architecture.ts";
import { type HypervisorType, hypervisorTypes } from "../hypervisor-type.ts";
import { compactJson } from "./compact-json.ts";
import { type InstalledFiles, renderConfigurationFile } from "./configuration-file.ts";
import { configurationSchema } from "./json-schema.ts";
import { renderReference } from "./reference.ts";

/** A file that is made from the catalogue of keys. */
export interface GeneratedFile {
  readonly name: string;
  readonly text: string;
}

/** The hypervisor whose file is also the one without a hypervisor in its name. */
const usual: HypervisorType = "qemu";

/** Configuration files for an installation: `configuration.toml`, and `configuration-NAME.toml` for every hypervisor. */
export function configurationFiles(arch: Architecture, files: InstalledFiles): GeneratedFile[] {
  return [
    { name: "configuration.toml", text: renderConfigurationFile(usual, arch, files) },
    ...hypervisorTypes.map((type) => ({
      name: `configuration-${type}.toml`,
      text: renderConfigurationFile(type, arch, files),
    })),
  ];
}

/** Committed pages of docs/. */
export function documentationFiles(): GeneratedFile[] {
  return [
    { name: "configuration-reference.md", text: renderReference() },
    { name: "configuration.schema.json", text: `${compactJson(configurationSchema())}\n` },
  ];
}
