// One step of the build: runs only when its inputs, its command or its outputs changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");
const stamps = path.join(root, "out/cache/stamps");

/**
 * @typedef {object} Step
 * @property {string} name what is printed
 * @property {string[]} inputs files and directories below the root; a directory means everything in it
 * @property {string[]} outputs files that must exist afterwards
 * @property {string[]} command program and arguments, run in the root
 */

/**
 * Runs a step if it is not up to date; ends the process with the step's exit code when it fails.
 * @param {Step} step
 */
export function runStep(step) {
  const stamp = path.join(stamps, step.name);
  const wanted = fingerprint(step);
  const outputs = step.outputs.map((output) => path.join(root, output));
  if (outputs.every((output) => existsSync(output)) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted)
    return;
  console.error(`build: ${step.name}`);
  const startedAt = Date.now();
  const [program = "", ...arguments_] = step.command;
  const { status, error } = spawnSync(program, arguments_, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (error) console.error(`build: error: ${step.name}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
  const missing = step.outputs.filter((output) => !existsSync(path.join(root, output)));
  if (missing.length > 0) {
    console.error(`build: error: step ${step.name} did not make ${missing.join(", ")}`);
    process.exit(1);
  }
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, wanted);
  console.error(`build: ${step.name} took ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/**
 * Size and time of every input: enough to notice an edit, and far quicker than reading the files.
 * @param {Step} step
 */
function fingerprint(step) {
  const hash = createHash("sha256").update(JSON.stringify(step.command));
  for (const file of step.inputs.flatMap(filesBelow).sort()) {
    const { size, mtimeMs, mode } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\0${mode}\n`);
  }
  return hash.digest("hex");
}

/**
 * @param {string} input
 * @returns {string[]}
 */
function filesBelow(input) {
  const place = path.join(root, input);
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}
