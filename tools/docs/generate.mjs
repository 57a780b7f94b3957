#!/usr/bin/env node
// `npm run docs`: writes the pages of docs/ that are made from the source. A test of the repository fails when they differ.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { importSource } from "../build/import-source.mjs";
import { root } from "../build/step.mjs";

const { documentationFiles } = await importSource("src/config/render/generated.ts");
for (const { name, text } of documentationFiles()) {
  writeFileSync(path.join(root, "docs", name), text);
  console.error(`docs: ${name}: ${text.length} characters`);
}
