import { expect, test } from "vitest";
import { createFakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { foreignLines, LineBudget } from "./foreign-lines.ts";
import { Logger, type LogRecord } from "./logger.ts";

function setUp() {
  const clock = new FakeLoop(createFakeSys());
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "info" });
  return { clock, logger, records };
}

test("LineBudget passes a burst, then a hundred lines a second, and tells once a second how many are missing", async () => {
  const { clock, logger, records } = setUp();
  const budget = new LineBudget({ clock, logger }, "console");
  const taken = (count: number) => Array.from({ length: count }, () => budget.take()).filter((passed) => passed).length;
  expect(taken(1500)).toBe(1000);
  expect(records).toEqual([]);
  await clock.advance(1000);
  expect(taken(150)).toBe(100);
  expect(records.map(({ level, message, fields }) => ({ level, message, fields }))).toEqual([
    { level: "warn", message: "500 lines dropped", fields: { source: "console" } },
  ]);
  await clock.advance(60_000);
  expect(taken(2000)).toBe(1000);
  expect(records.map(({ message }) => message)).toEqual(["500 lines dropped", "50 lines dropped"]);
});

test("foreignLines() gives lines their levels, cuts them, and spends nothing on those that nobody wants", () => {
  const { clock, logger, records } = setUp();
  const take = foreignLines(
    { clock, logger },
    { source: "vmm", level: (line) => (line.startsWith("!") ? "warn" : "debug") },
  );
  for (let i = 0; i < 2000; i++) take("chatter");
  take("");
  take(`!${"x".repeat(5000)}`);
  expect(records).toEqual([{ level: "warn", wallMs: 0, message: `!${"x".repeat(1023)}`, fields: { source: "vmm" } }]);
});
