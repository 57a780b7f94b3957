import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { commandResults, nativeResults, vitestResults } from "./results.mjs";
import { summary } from "./summary.mjs";

const colour = "\u001b[31mred\u001b[0m";

test("a command is one test, and its last words are the error", () => {
  expect(commandResults("style", 0, "fine")).toEqual({ passed: 1, failures: [], timed: [] });
  expect(commandResults("style", 1, `first\n${colour}\n`).failures).toEqual([{ name: "style", error: "first\nred" }]);
  expect(commandResults("style", 2, "").failures).toEqual([{ name: "style", error: "exit code 2" }]);
});

test("native tests tell names, times and whole errors", () => {
  const output =
    "ok   a, with: colon (12 ms)\nFAIL b: Error: no\n    at b (x.ts:1:2)\nok   c (3 ms)\nnative tests, 0.1 s: 1 skipped, 2 passed, 1 failed\n";
  expect(nativeResults("native", 1, output)).toEqual({
    passed: 2,
    failures: [{ name: "b", error: "Error: no\n    at b (x.ts:1:2)" }],
    timed: [
      { name: "a, with: colon", milliseconds: 12 },
      { name: "c", milliseconds: 3 },
    ],
  });
});

test("a native program that dies is a failure, whatever passed before", () => {
  const results = nativeResults("sanitize", 1, "ok   a (1 ms)\n==7==ERROR: AddressSanitizer\n");
  expect(results.failures).toEqual([{ name: "sanitize", error: expect.stringContaining("AddressSanitizer") }]);
});

test("vitest's report counts files that do not load and errors outside of tests", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "results-"));
  const report = path.join(directory, "report.json");
  const passed = { fullName: "x works", status: "passed", duration: 5, failureMessages: [] };
  const failed = { fullName: "x fails", status: "failed", duration: 7, failureMessages: [colour] };
  try {
    writeFileSync(
      report,
      JSON.stringify({
        testResults: [
          { name: "/repo/a.test.ts", status: "failed", message: "", assertionResults: [passed, failed] },
          { name: "/repo/b.test.ts", status: "failed", message: "cannot load", assertionResults: [] },
        ],
      }),
    );
    const { failures, passed: count } = vitestResults("unit", 1, "", report, "/repo");
    expect(count).toBe(1);
    expect(failures).toEqual([
      { name: "a.test.ts > x fails", error: "red" },
      { name: "b.test.ts", error: "cannot load" },
    ]);
    writeFileSync(report, JSON.stringify({ testResults: [] }));
    expect(vitestResults("unit", 1, "Unhandled", report, "/repo").failures).toHaveLength(1);
    rmSync(report);
    expect(vitestResults("unit", 0, "gone", report, "/repo").failures).toEqual([{ name: "unit", error: "gone" }]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the summary ends with failures and totals, for those who see the end only", () => {
  const error = Array.from({ length: 20 }, (_, index) => `line ${index}`).join("\n\n");
  const lines = summary([
    { name: "style", seconds: 1, passed: 1, failures: [], timed: [] },
    {
      name: "e2e",
      seconds: 61,
      passed: 70,
      failures: [{ name: "f > t", error }],
      timed: [{ name: "s", milliseconds: 1500 }],
    },
  ]).split("\n");
  expect(lines.at(-1)).toBe("71 passed, 1 failed");
  expect(lines).toContain("FAILED e2e: f > t");
  expect(lines.filter((line) => /^ {2}line \d+$/.test(line))).toHaveLength(12);
  expect(lines).toContain("  ... and 8 more lines");
  expect(lines).toContain("    1.5 s  e2e: s");
});
