import { expect, test } from "vitest";
import { createFakeSys } from "../../sys/fake.ts";
import { splitCreate } from "./boot-log.ts";
import { lastFailure } from "./shim-words.ts";

const log = [
  'time=2026-01-01T00:00:00.000Z level=info msg="shim serves" pid=1',
  'time=2026-01-01T00:00:00.020Z level=info msg="vmm started" pid=2',
  'time=2026-01-01T00:00:01.530Z level=info msg="agent ready" source=agent kernel_ms=1300 agent_ms=100',
  'time=2026-01-01T00:00:01.520Z level=info msg="agent answered"',
  "",
].join("\n");
const part = { name: "create", milliseconds: 1600 };

test("splitCreate tells VMM, firmware, kernel, agent and container apart", () => {
  const parts = splitCreate(part, log);
  expect(parts).toEqual([
    { name: "VMM exec", milliseconds: 20 },
    { name: "firmware", milliseconds: 100 },
    { name: "kernel", milliseconds: 1300 },
    { name: "agent", milliseconds: 100 },
    { name: "container", milliseconds: 80 },
  ]);
  expect(parts.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBe(part.milliseconds);
});

test.each(["shim serves", "vmm started", "agent ready", "agent answered"])(
  "splitCreate leaves the part whole without %s",
  (line) => {
    expect(splitCreate(part, log.replace(line, "something else"))).toEqual([part]);
  },
);

test("lastFailure quotes the last reason and its causes", () => {
  const sys = createFakeSys();
  expect(lastFailure(sys, "/log")).toMatch(/cannot be read/);
  sys.fake.addFile("/log", log);
  expect(lastFailure(sys, "/log")).toBeUndefined();
  const failure = (text: string) => `time=x level=error msg="sandbox failed" sandbox=a error=${JSON.stringify(text)}\n`;
  sys.fake.addFile("/log", `${log}${failure("internal: first")}${failure('unavailable: QEMU "died": it said\nx')}`);
  expect(lastFailure(sys, "/log")).toBe('QEMU "died": it said\nx');
});
