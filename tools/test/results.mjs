// What the runners report, brought into one shape.
import { readFileSync } from "node:fs";
import { stripVTControlCharacters as withoutColour } from "node:util";

/**
 * @typedef {{ name: string, milliseconds: number }} TimedTest
 * @typedef {{ name: string, error: string }} FailedTest `error` may have many lines.
 * @typedef {{ passed: number, failures: FailedTest[], timed: TimedTest[] }} Results
 */

/**
 * The last lines of an output, for a stage that says no more.
 * @param {string} output
 */
export const lastWords = (output) => withoutColour(output).trim().split("\n").slice(-15).join("\n");

/**
 * A command is one test: passed when it exits with 0.
 * @param {string} name
 * @param {number} status
 * @param {string} output
 * @returns {Results}
 */
export function commandResults(name, status, output) {
  if (status === 0) return { passed: 1, failures: [], timed: [] };
  return { passed: 0, failures: [{ name, error: lastWords(output) || `exit code ${status}` }], timed: [] };
}

/**
 * The output of the native test program: `ok   NAME (5 ms)`, `FAIL NAME: ERROR` with further lines, and the totals.
 * @param {string} name
 * @param {number} status
 * @param {string} output
 * @returns {Results}
 */
export function nativeResults(name, status, output) {
  /** @type {FailedTest[]} */
  const failures = [];
  /** @type {TimedTest[]} */
  const timed = [];
  /** @type {FailedTest | undefined} */
  let open;
  for (const line of withoutColour(output).split("\n")) {
    const [, failed, error] = /^FAIL (.+?): (.*)$/.exec(line) ?? [];
    if (failed !== undefined) {
      open = { name: failed, error: error ?? "" };
      failures.push(open);
    } else if (/^(ok|skip|native tests,)(?: |$)/.test(line)) open = undefined;
    else if (open !== undefined) open.error += `\n${line}`;
    const [, passed, milliseconds] = /^ok +(.+) \((\d+) ms\)$/.exec(line) ?? [];
    if (passed !== undefined) timed.push({ name: passed, milliseconds: Number(milliseconds) });
  }
  const passed = Number(/(\d+) passed, \d+ failed\s*$/.exec(output)?.[1] ?? 0);
  // A program that dies half-way has no totals, and says why at its end.
  if (failures.length === 0 && (status !== 0 || passed === 0)) failures.push({ name, error: lastWords(output) });
  return { passed, failures, timed };
}

/**
 * The JSON report of vitest. A file that does not load fails without a failed test.
 * @param {string} name
 * @param {number} status
 * @param {string} output
 * @param {string} report Path of the file, which need not exist.
 * @param {string} root Of the repository: paths are shown below it.
 * @returns {Results}
 */
export function vitestResults(name, status, output, report, root) {
  /** @type {{ testResults: { name: string, status: string, message: string, assertionResults: { fullName: string, status: string, duration?: number, failureMessages: string[] }[] }[] }} */
  let files;
  try {
    files = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return { passed: 0, failures: [{ name, error: lastWords(output) }], timed: [] };
  }
  /** @type {FailedTest[]} */
  const failures = [];
  /** @type {TimedTest[]} */
  const timed = [];
  let passed = 0;
  for (const { name: file, status: fileStatus, message, assertionResults } of files.testResults) {
    const shown = file.replace(`${root}/`, "");
    const failedHere = assertionResults.filter((test) => test.status === "failed");
    for (const { fullName, failureMessages } of failedHere) {
      failures.push({ name: `${shown} > ${fullName}`, error: withoutColour(failureMessages.join("\n")) });
    }
    if (fileStatus === "failed" && failedHere.length === 0) {
      failures.push({ name: shown, error: withoutColour(message) || lastWords(output) });
    }
    for (const { fullName, status: how, duration } of assertionResults) {
      if (how === "passed") passed++;
      timed.push({ name: `${shown} > ${fullName}`, milliseconds: duration ?? 0 });
    }
  }
  // Such as an error that no test caught.
  if (status !== 0 && failures.length === 0) failures.push({ name, error: lastWords(output) });
  return { passed, failures, timed };
}
