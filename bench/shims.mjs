// The shims beside each other: bench/shims/*.ts uses the tests' own support code, so it is bundled first.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./process.mjs";

/**
 * @param {{ pods: number }} options
 * @returns {Promise<import("./shims/measure.ts").ShimFigures>}
 */
export async function measureShims(options) {
  execFileSync(path.join(root, "tools/setup/containerd.sh"), { stdio: ["ignore", "inherit", "inherit"] });
  // Two levels below the root, as the support code is: it finds the repository from there.
  const outfile = path.join(root, "out/tools/bench-shims.mjs");
  await build({
    entryPoints: [path.join(root, "bench/shims/measure.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  const { measureShims: measure } = await import(pathToFileURL(outfile).href);
  return measure(options);
}
