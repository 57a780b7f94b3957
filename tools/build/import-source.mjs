// Runs TypeScript of src/ in a build step: bundled by esbuild, imported, and gone again.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./step.mjs";

/**
 * @param {string} source a module below the root
 * @returns {Promise<any>} its exports
 */
export async function importSource(source) {
  mkdirSync(path.join(root, "out"), { recursive: true });
  const scratch = mkdtempSync(path.join(root, "out/import-"));
  try {
    const bundle = path.join(scratch, "module.mjs");
    await build({
      entryPoints: [path.join(root, source)],
      outfile: bundle,
      bundle: true,
      format: "esm",
      platform: "node",
      logLevel: "warning",
    });
    return await import(pathToFileURL(bundle).href);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
