import { expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { describeFault } from "./fault.ts";
import { mapStack } from "./map-stack.ts";

const map = (module: string, line: number, column: number) =>
  module === "shim.js" && line > 0
    ? { source: `src/a${column}.ts`, line: line * 10, name: column === 5 ? "readConfig" : undefined }
    : undefined;

const mapped = (stack: string) => mapStack(stack, map);

function withStack(error: Error, stack: string): Error {
  Object.defineProperty(error, "stack", { value: stack });
  return error;
}

test("mapStack rewrites the positions it knows and leaves the others", () => {
  const stack = "    at f (shim.js:3:7)\n    at g (other.js:1:1)\n    at read (native)\n    at shim.js:4:1\n";
  expect(mapStack(stack, map)).toBe(
    "    at f (src/a7.ts:30)\n    at g (other.js:1:1)\n    at read (native)\n    at src/a1.ts:40\n",
  );
});

test("mapStack gives functions their names back, and leaves those that the map does not name", () => {
  const stack = "    at b (shim.js:3:5)\n    at get size (shim.js:3:6)\n    at <anonymous> (shim.js:1:5)\n";
  expect(mapStack(stack, map)).toBe(
    "    at readConfig (src/a5.ts:30)\n    at get size (src/a6.ts:30)\n    at readConfig (src/a5.ts:10)\n",
  );
});

test("describeFault shows the chain with codes and leaves the loop's own frames out", () => {
  const inner = withStack(
    new RangeError("too far"),
    "    at h (shim.js:2:2)\n    at runJobs (native)\n    at run (shim.js:9:9)\n",
  );
  const outer = withStack(new KataError("internal", "outer", { cause: inner }), "    at f (shim.js:1:1)\n");
  expect(describeFault(outer, mapped)).toBe(
    "KataError internal: outer\n    at f (src/a1.ts:10)\ncaused by RangeError: too far\n    at h (src/a2.ts:20)",
  );
});

test("describeFault copes with whatever can be thrown", () => {
  expect(describeFault("text", mapped)).toBe("text");
  expect(describeFault(17, mapped)).toBe("17");
  expect(describeFault(undefined, mapped)).toBe("undefined");
  expect(
    describeFault(
      {
        toString: () => {
          throw new Error("no");
        },
      },
      mapped,
    ),
  ).toBe("[object Object]");
  expect(describeFault(withStack(new Error("x", { cause: null }), "Error: x\n    at V8 (file.js:1:1)"), mapped)).toBe(
    "Error: x\n    at V8 (file.js:1:1)",
  );
  const circular = withStack(new Error("round"), "");
  circular.cause = circular;
  expect(describeFault(circular, mapped).split("caused by")).toHaveLength(8);
});
