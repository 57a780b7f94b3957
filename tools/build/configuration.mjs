#!/usr/bin/env node
// Writes configuration.toml and configuration-NAME.toml for every hypervisor, for a place where the guest will stand. The
// texts come from the configuration's own description.
// Usage: configuration.mjs --guest DIR --output DIR
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { importSource } from "./import-source.mjs";

/** Node's names of processors, as Kata calls them. @type {Record<string, string>} */
const archs = { x64: "amd64", arm64: "arm64", ppc64: "ppc64le", s390x: "s390x", riscv64: "riscv64" };

const { values } = parseArgs({ options: { guest: { type: "string" }, output: { type: "string" } } });
if (!values.guest || !values.output) {
  console.error("configuration: usage: configuration.mjs --guest DIR --output DIR");
  process.exit(2);
}

const { configurationFiles } = await importSource("src/config/render/generated.ts");
const guest = { kernel: `${values.guest}/vmlinux`, initrd: `${values.guest}/initrd.img` };
mkdirSync(values.output, { recursive: true });
for (const { name, text } of configurationFiles(archs[process.arch], guest)) {
  writeFileSync(path.join(values.output, name), text);
}
