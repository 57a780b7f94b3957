#!/usr/bin/env node
// Writes configuration.toml for a place where the guest will stand. The text comes from the configuration's own schema.
// Usage: configuration.mjs --guest DIR --output FILE
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./step.mjs";

const { values } = parseArgs({ options: { guest: { type: "string" }, output: { type: "string" } } });
if (!values.guest || !values.output) {
  console.error("configuration: usage: configuration.mjs --guest DIR --output FILE");
  process.exit(2);
}

mkdirSync(path.join(root, "out"), { recursive: true });
const scratch = mkdtempSync(path.join(root, "out/configuration-"));
try {
  const bundle = path.join(scratch, "render.mjs");
  await build({
    entryPoints: [path.join(root, "src/config/render.ts")],
    outfile: bundle,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "warning",
  });
  const { renderConfiguration } = await import(pathToFileURL(bundle).href);
  mkdirSync(path.dirname(values.output), { recursive: true });
  writeFileSync(
    values.output,
    renderConfiguration({ kernel: `${values.guest}/vmlinux`, initrd: `${values.guest}/initrd.img` }),
  );
} finally {
  rmSync(scratch, { recursive: true });
}
