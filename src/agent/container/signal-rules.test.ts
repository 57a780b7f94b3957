import { describe, expect, test } from "vitest";
import { catchesSignal, decideSignal } from "./signal-rules.ts";

const request = (signal: number, execId: string, isInit: boolean, handles = false) =>
  decideSignal({ signal, execId, isInit, handlesTerm: () => handles });

describe("decideSignal()", () => {
  test.each([
    ["SIGTERM to an init with a handler", request(15, "c1", true, true), { kind: "process", signal: 15 }],
    ["SIGTERM to an init without a handler", request(15, "c1", true), { kind: "process", signal: 9 }],
    ["SIGTERM to an exec without a handler", request(15, "e1", false), { kind: "process", signal: 15 }],
    ["SIGTERM to the container without a handler", request(15, "", true), { kind: "everything" }],
    ["SIGKILL to the init by its id", request(9, "c1", true), { kind: "process", signal: 9 }],
    ["SIGKILL to the container", request(9, "", true), { kind: "everything" }],
    ["SIGINT to the container", request(2, "", true), { kind: "process", signal: 2 }],
    ["the null signal", request(0, "", true), { kind: "process", signal: 0 }],
    ["a realtime signal", request(64, "e", false), { kind: "process", signal: 64 }],
  ])("%s", (_name, decision, expected) => expect(decision).toEqual(expected));

  test.each([-1, 65, 1.5, Number.NaN, 0xffffffff])("refuses %s", (signal) => {
    expect(() => request(signal, "", true)).toThrow(/number from 0 to 64/);
  });
});

describe("catchesSignal()", () => {
  const status = "Name:\tsh\nSigIgn:\t0000000000000004\nSigCgt:\t0000000000014002\n";
  test.each([
    [2, true],
    [15, true],
    [17, true],
    [3, false],
    [9, false],
    [0, false],
    [65, false],
  ])("signal %i: %s", (signal, expected) => expect(catchesSignal(status, signal)).toBe(expected));
  test("without a mask nothing is caught", () => expect(catchesSignal("Name:\tx\n", 15)).toBe(false));
});
