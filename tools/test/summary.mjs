// The end of a test run, for somebody who sees nothing but the end.

/** @typedef {import("./results.mjs").Results & { name: string, seconds: number }} StageResults */

const slowest = 10;
const errorLines = 12;

/** @param {number} seconds */
export const duration = (seconds) =>
  seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;

/**
 * A table of the stages, the slowest tests, every failed test with the first lines of its error, and the totals.
 * @param {StageResults[]} stages
 */
export function summary(stages) {
  const failed = stages.reduce((sum, { failures }) => sum + failures.length, 0);
  const passed = stages.reduce((sum, stage) => sum + stage.passed, 0);
  return [
    "",
    "stage         passed  failed  seconds",
    ...stages.map((stage) =>
      [
        stage.name.padEnd(12),
        String(stage.passed).padStart(6),
        String(stage.failures.length).padStart(6),
        stage.seconds.toFixed(1).padStart(7),
      ].join("  "),
    ),
    ...slowTests(stages),
    ...stages.flatMap(({ name, failures }) => failures.flatMap((failure) => ["", ...failedTest(name, failure)])),
    "",
    `${passed} passed, ${failed} failed`,
  ].join("\n");
}

/** @param {StageResults[]} stages */
function slowTests(stages) {
  const timed = stages
    .flatMap((stage) => stage.timed.map((test) => ({ ...test, stage: stage.name })))
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, slowest);
  if (timed.length === 0) return [];
  const rows = timed.map(
    ({ stage, name, milliseconds }) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s  ${stage}: ${name}`,
  );
  return ["", `the slowest ${timed.length} tests`, ...rows];
}

/**
 * @param {string} stage
 * @param {import("./results.mjs").FailedTest} test
 */
function failedTest(stage, { name, error }) {
  const lines = error.split("\n").filter((line) => line.trim() !== "");
  const left = lines.length - errorLines;
  return [
    `FAILED ${stage === name ? stage : `${stage}: ${name}`}`,
    ...lines.slice(0, errorLines).map((line) => `  ${line}`),
    ...(left > 0 ? [`  ... and ${left} more lines`] : []),
  ];
}
