import { expect, test } from "vitest";
import { createFakeSys } from "./fake.ts";
import { childrenOf, processStartTicks, readProcessStat } from "./proc.ts";

test.each([
  ["101 102 7 ", [101, 102, 7]],
  ["101", [101]],
  ["", []],
])("childrenOf() reads %j", (text, pids) => {
  const sys = createFakeSys();
  sys.fake.addFile("/proc/100/task/100/children", text);
  expect(childrenOf(sys, 100)).toEqual(pids);
});

test("childrenOf() finds none of a process that is gone, and tells other errors", () => {
  const sys = createFakeSys();
  expect(childrenOf(sys, 100)).toEqual([]);
  const stop = sys.fake.fail("readText", "ESRCH");
  expect(childrenOf(sys, 100)).toEqual([]);
  stop();
  sys.fake.fail("readText", "EMFILE");
  expect(() => childrenOf(sys, 100)).toThrow(/EMFILE/);
});

/** A line of proc(5) with recognisable numbers. */
const stat = (comm: string, state: string) =>
  `100 (${comm}) ${state} 1 2 3 0 -1 4194304 9 8 7 6 110 120 5 4 20 0 3 0 777 1 2\n`;

test.each(["sh", "a b", "x) R 1 (y", ""])("readProcessStat() is not misled by the name %j", (comm) => {
  const sys = createFakeSys();
  sys.fake.addFile("/proc/100/stat", stat(comm, "S"));
  expect(readProcessStat(sys, 100)).toEqual({
    comm,
    state: "S",
    parentPid: 1,
    userTicks: 110n,
    systemTicks: 120n,
    threads: 3,
    startTicks: "777",
  });
});

test.each([
  ["S", "777"],
  ["T", "777"],
  ["D", "777"],
  ["Z", undefined],
  ["X", undefined],
])("processStartTicks() of a process in state %s", (state, ticks) => {
  const sys = createFakeSys();
  sys.fake.addFile("/proc/100/stat", stat("vmm", state));
  expect(processStartTicks(sys, 100)).toBe(ticks);
  expect(processStartTicks(sys, 101)).toBeUndefined();
});
