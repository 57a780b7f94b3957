#!/usr/bin/env node
// Runs the project's tests stage by stage and adds up what the runners report. Every stage runs, also after a failure.
// Usage: node tools/test/run.mjs [--only GROUP-OR-STAGE[,...]]
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { stages } from "./stages.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const reports = path.join(root, "out/test");
mkdirSync(reports, { recursive: true });

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

/** @param {import("./stages.mjs").Stage} stage */
function run(stage) {
  const report = path.join(reports, `${stage.name}.json`);
  rmSync(report, { force: true });
  const command =
    stage.kind === "vitest"
      ? [
          "npx",
          "vitest",
          "run",
          ...stage.command,
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${report}`,
        ]
      : stage.command;
  // The certificate bundle costs every Node start dozens of milliseconds, and no test leaves this machine.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const [program = "", ...rest] = command;
  const child = spawnSync(program, rest, {
    cwd: root,
    env: { ...env, npm_config_loglevel: "error" },
    stdio: stage.kind === "native" ? ["ignore", "pipe", "inherit"] : ["ignore", "inherit", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (child.stdout) process.stdout.write(child.stdout);
  return count(stage, child.status, child.stdout ?? "", report);
}

/**
 * @param {import("./stages.mjs").Stage} stage
 * @param {number | null} status
 * @param {string} output
 * @param {string} report
 */
function count(stage, status, output, report) {
  if (stage.kind === "vitest") {
    try {
      const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(report, "utf8"));
      // A file that does not load, or an error outside any test, fails the run without failing a test.
      return { passed: numPassedTests, failed: Math.max(numFailedTests, success && status === 0 ? 0 : 1) };
    } catch {
      return { passed: 0, failed: 1 };
    }
  }
  if (stage.kind === "native") {
    const totals = /(\d+) passed, (\d+) failed\s*$/.exec(output);
    if (totals) return { passed: Number(totals[1]), failed: Math.max(Number(totals[2]), status === 0 ? 0 : 1) };
    return { passed: 0, failed: 1 };
  }
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const rows = selectedStages(process.argv.slice(2)).map((stage) => {
  console.log(`\n=== ${stage.name}`);
  const startedAt = Date.now();
  return { name: stage.name, ...run(stage), seconds: (Date.now() - startedAt) / 1000 };
});

console.log("\nstage         passed  failed  seconds");
for (const { name, passed, failed, seconds } of rows) {
  console.log(
    `${name.padEnd(12)}  ${String(passed).padStart(6)}  ${String(failed).padStart(6)}  ${seconds.toFixed(1).padStart(7)}`,
  );
}
const sum = (/** @type {"passed" | "failed"} */ key) => rows.reduce((total, row) => total + row[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = sum("failed") > 0 || sum("passed") === 0 ? 1 : 0;
