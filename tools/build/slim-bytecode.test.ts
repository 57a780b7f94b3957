import { expect, test } from "vitest";
import { slimBytecode } from "./slim-bytecode.mjs";

const text = (value: string) => [value.length * 2, ...Buffer.from(value)];
const atoms = [4, 2, ...text("f"), ...text("x")];
/** A function with debug information, one local variable, one captured one, one constant and three bytes of code. */
const header = [12, 0, 4, 0, 40, 0, 1, 0, 3, 1, 1, 3];
const local = [42, 0, 1, 0x10];
const code = [0xb4, 0x28, 0x29];
// Bundle's position 1:1, then from byte 1 on 1:4 and from byte 2 on 2:1.
const table = [0, 0, 1 + 5 + 1, 6, 1 + 5 + 2, 5];

test("slimBytecode leaves out names of variables and positions that are shown alike, and nothing else", () => {
  const whole = [...atoms, ...header, 1, ...local, 42, 9, 1, ...code, 40, table.length, ...table, 0, 5, 14];
  const byLine = (line: number) => line;
  // The first entry's position is the function's own, and the second one is left.
  const thin = [0, 3, 1 + 2 * 5 + 2, 5];
  expect([...slimBytecode(Buffer.from(whole), byLine)]).toEqual([
    ...[...atoms, ...header, 0, 0, 9, 1, ...code, 40, thin.length, ...thin, 0, 5, 14],
  ]);
});

test.each([
  ["another version", [5, 0, 1], "bytecode of version 5, not 4"],
  ["an unknown value", [4, 0, 99], "bytecode with a value of kind 99"],
  ["an early end", [4, 0, 13, 0], "bytecode ends early"],
  ["a late end", [4, 0, 1, 1], "bytecode goes on after its end"],
])("slimBytecode refuses %s", (_what, bytes, message) => {
  expect(() => slimBytecode(Buffer.from(bytes), () => 0)).toThrow(message);
});
