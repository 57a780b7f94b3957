#!/usr/bin/env node
// Runs the project's tests stage by stage and adds up what the runners report. Every stage runs, also after a failure.
// Usage: node tools/test/run.mjs [--only GROUP-OR-STAGE[,...]]
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { commandResults, nativeResults, vitestResults } from "./results.mjs";
import { stages } from "./stages.mjs";
import { duration, summary } from "./summary.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const reports = path.join(root, "out/test");
mkdirSync(reports, { recursive: true });

// Processes and mounts of their own: virtual machines of somebody else on this machine do not count as leaks, and what a
// failed test leaves goes with its stage. The shell reaps what becomes an orphan.
const isolation = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const shell = ["bash", "-c", '"$@"; exit $?', "bash"];
/** @param {string[]} command */
const succeeds = ([program = "", ...rest]) => spawnSync(program, rest, { stdio: "ignore" }).status === 0;
const isolate = succeeds([...isolation, ...shell, "true"]) ? [...isolation, ...shell] : [];

/** @param {string[]} arguments_ */
function selectedStages(arguments_) {
  const at = arguments_.indexOf("--only");
  if (at < 0) return stages;
  const names = (arguments_[at + 1] ?? "").split(",");
  const chosen = stages.filter((stage) => names.includes(stage.name) || names.includes(stage.group));
  if (chosen.length > 0) return chosen;
  const known = [...new Set(stages.flatMap((stage) => [stage.group, stage.name]))].join(", ");
  console.error(`run: --only must name groups or stages of: ${known}; got "${names.join(",")}"`);
  process.exit(2);
}

/**
 * Runs a program; its output is shown, but for lines that `hidden` fits, and returned.
 * @param {string[]} command
 * @param {RegExp | undefined} hidden
 * @returns {Promise<{ status: number, output: string }>}
 */
function run(command, hidden) {
  // The certificate bundle costs every Node start dozens of milliseconds, and no test leaves this machine.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const [program = "", ...rest] = command;
  const child = spawn(program, rest, {
    cwd: root,
    env: { ...env, npm_config_loglevel: "error", ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const [from, to] of /** @type {const} */ ([
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ])) {
    let rest = "";
    from.setEncoding("utf8");
    from.on("data", (/** @type {string} */ text) => {
      output += text;
      const lines = (rest + text).split(/(?<=\n)/);
      rest = lines.at(-1)?.endsWith("\n") ? "" : (lines.pop() ?? "");
      to.write(lines.filter((line) => !hidden?.test(line)).join(""));
    });
    from.on("end", () => to.write(rest));
  }
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ status: 127, output: String(error) }));
    child.on("close", (code) => resolve({ status: code ?? 1, output }));
  });
}

/**
 * @param {import("./stages.mjs").Stage} stage
 * @returns {Promise<import("./results.mjs").Results>}
 */
async function results({ command, group, kind, name }) {
  const around = group === "vm" ? isolate : [];
  if (kind === "command") {
    const { output, status } = await run([...around, ...command], undefined);
    return commandResults(name, status, output);
  }
  if (kind === "native") {
    const { output, status } = await run([...around, ...command, "--", "-v"], /^ok /);
    return nativeResults(name, status, output);
  }
  const report = path.join(reports, `${name}.json`);
  rmSync(report, { force: true });
  // Where a test takes seconds, each one is progress.
  const reporter = group === "vm" ? "verbose" : "default";
  const flags = [`--reporter=${reporter}`, "--reporter=json", `--outputFile.json=${report}`];
  const { output, status } = await run([...around, "npx", "vitest", "run", ...command, ...flags], undefined);
  return vitestResults(name, status, output, report, root);
}

const chosen = selectedStages(process.argv.slice(2));
const startedAt = Date.now();
/** @type {import("./summary.mjs").StageResults[]} */
const done = [];
for (const stage of chosen) {
  const stageStartedAt = Date.now();
  const failed = done.reduce((sum, { failures }) => sum + failures.length, 0);
  const sofar = done.length === 0 ? "" : `, after ${duration((stageStartedAt - startedAt) / 1000)}`;
  console.log(
    `\n=== ${stage.name}: stage ${done.length + 1} of ${chosen.length}${sofar}${failed ? `, ${failed} failed` : ""}`,
  );
  const found = await results(stage);
  done.push({ name: stage.name, seconds: (Date.now() - stageStartedAt) / 1000, ...found });
}

console.log(summary(done));
process.exitCode = done.every(({ failures }) => failures.length === 0) ? 0 : 1;
