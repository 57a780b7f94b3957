import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { functionNames } from "./function-names.mjs";

const dir = mkdtempSync(join(tmpdir(), "function-names-"));
afterAll(() => rmSync(dir, { recursive: true }));

const source = `const a = 1;
function outer(x: number) {
  const inner = (y: number) => y + x;
  return [1].map((z) => inner(z)) ;
}
export class Box<T> {
  private readonly get = () => 1;
  constructor(readonly value: T) { outer(2); }
  method() { return outer(3); }
  static { outer(4); }
}
const table = { key: () => outer(5), async other() { await outer(6); } };
const named = async function own() { await outer(7); }, plain = function () { outer(8); };
const Made = class { constructor() { outer(9); } };
const late = wrap(() => outer(10));
`;

test.each([
  ["= 1", ""],
  ["[1]", "outer"],
  ["y + x", "inner"],
  // Its caller is the engine, and it is inside of `outer`: an arrow function has no name of its own.
  ["inner(z)", ""],
  ["=> 1", ""],
  ["outer(2)", "Box"],
  ["outer(3)", ""],
  ["outer(4)", ""],
  ["outer(5)", ""],
  ["outer(6)", ""],
  ["outer(7)", "own"],
  ["outer(8)", "plain"],
  ["outer(9)", "Made"],
  ["outer(10)", ""],
])("%s is in a function of the name %j", (text, name) => {
  const path = join(dir, "source.ts");
  writeFileSync(path, source);
  const before = source.slice(0, source.indexOf(text)).split("\n");
  expect(functionNames(path)(before.length - 1, before.at(-1)?.length ?? 0)).toBe(name);
});

test("a place that the file does not have is in no function", () => {
  const path = join(dir, "short.ts");
  writeFileSync(path, "a();\n");
  expect(functionNames(path)(70, 3)).toBe("");
});
