import { describe, expect, test } from "vitest";
import { causeChain } from "../base/error.ts";
import { describeGuestEnd } from "./qemu/monitor.ts";
import { vmExitError } from "./vm-exit.ts";

const nothing = { stderrTail: [], consoleTail: [] };

describe("vmExitError()", () => {
  test("names the end, then the VMM's words, then the console", () => {
    const exit = {
      status: { kind: "exited", code: 1 },
      stderrTail: ["", "no memory"],
      consoleTail: Array.from({ length: 50 }, (_, index) => `line ${index}`),
    } as const;
    const error = vmExitError("QEMU", exit, "while the guest was booting", { stage: "boot-guest" });
    const [message, words, console] = causeChain(error);
    expect([message, words]).toEqual(["QEMU exited with code 1 while the guest was booting", "QEMU said: no memory"]);
    expect(console?.split("\n")).toEqual(["The guest's console ended with:", ...exit.consoleTail.slice(-20)]);
    expect(error).toMatchObject({ code: "unavailable", stage: "boot-guest" });
  });

  test("says what the guest did, and no more than is known", () => {
    const killed = { status: { kind: "signaled", signal: 9 }, ...nothing } as const;
    expect(causeChain(vmExitError("QEMU", killed, "early"))).toEqual(["QEMU was killed by signal 9 (SIGKILL) early"]);
    const off = { status: { kind: "exited", code: 0 }, ...nothing, guestEnd: "the guest powered off" } as const;
    expect(vmExitError("QEMU", off, "early").message).toBe("QEMU exited with code 0 early: the guest powered off");
  });
});

describe("describeGuestEnd()", () => {
  const panic = "[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100";
  test.each([
    [undefined, [], undefined],
    ["power-off", [], "the guest powered off"],
    ["reset", ["bye"], "the guest restarted"],
    ["panic", [], "the guest's kernel panicked"],
    ["reset", [panic, "more"], "the guest's kernel panicked: Attempted to kill init! exitcode=0x00000100"],
    // Whoever powers off in good order has not panicked, whatever stands on the console.
    ["power-off", [panic], "the guest powered off"],
  ] as const)("%s with console %j", (end, console, text) => {
    expect(describeGuestEnd(end, console)).toBe(text);
  });
});
