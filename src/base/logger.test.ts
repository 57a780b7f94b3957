import { expect, test } from "vitest";
import { KataError } from "./error.ts";
import { formatLogfmt, Logger, type LogRecord } from "./logger.ts";

function collector(level: "trace" | "info" | "error") {
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 1000 }, { level });
  return { records, logger };
}

test("Logger drops what is below its level and adds bound fields", () => {
  const { records, logger } = collector("info");
  const child = logger.child({ sandbox: "s1" }).child({ pid: 7 });
  child.debug("hidden");
  child.info("vm started", { pid: 8, cpus: 2 });
  logger.error("bad");
  expect(records).toEqual([
    { level: "info", wallMs: 1000, message: "vm started", fields: { sandbox: "s1", pid: 8, cpus: 2 } },
    { level: "error", wallMs: 1000, message: "bad", fields: {} },
  ]);
  expect(child.enabled("debug")).toBe(false);
  expect(child.enabled("warn")).toBe(true);
});

test("every level has its method", () => {
  const { records, logger } = collector("trace");
  for (const level of ["trace", "debug", "info", "warn", "error"] as const) logger[level](level);
  expect(records.map((record) => record.level)).toEqual(["trace", "debug", "info", "warn", "error"]);
});

test("formatLogfmt quotes what needs it and cannot be broken out of", () => {
  const cause = new Error("inner");
  const line = formatLogfmt({
    level: "warn",
    wallMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    message: 'a "quoted"\nmessage',
    fields: {
      id: "c1",
      big: 5n,
      off: false,
      gone: undefined,
      text: "x=1 y",
      error: new KataError("aborted", "outer", { cause }),
    },
  });
  expect(line).toBe(
    'time="2026-01-02T03:04:05.006000000Z" level=warning msg="a \\"quoted\\"\\nmessage" id=c1 big=5 off=false text="x=1 y" error="aborted: outer: inner"',
  );
  expect(line).not.toContain("\n");
});

test("formatLogfmt escapes control and direction characters, and cuts texts where it is told to", () => {
  const record = {
    level: "info",
    wallMs: 0.25,
    message: "x".repeat(20),
    fields: { line: "a\u001b[31m\u0085\u202eb" },
  } as const;
  expect(formatLogfmt(record, 10)).toBe(
    'time="1970-01-01T00:00:00.000250000Z" level=info msg=xxxxxxxxxx... line="a\\u001b[31m\\u0085\\u202eb"',
  );
});
