import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const cruiser = path.join(root, "node_modules/.bin/depcruise");

/** The rules that `folder`'s imports break, one text each. */
function violations(cwd: string, folder: string): string[] {
  let output: string;
  try {
    output = execFileSync(
      cruiser,
      ["--config", path.join(root, ".dependency-cruiser.json"), "--output-type", "json", folder],
      {
        cwd,
        encoding: "utf8",
        maxBuffer: 1 << 28,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  const { summary } = JSON.parse(output) as {
    summary: { violations: { rule: { name: string }; from: string; to: string }[] };
  };
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

test("imports point one way and form no cycle", () => {
  expect(violations(root, "src")).toEqual([]);
});

test("the rules catch a wrong import, a cycle and a Node API", () => {
  const house = mkdtempSync(path.join(root, "out", "layers-"));
  try {
    writeFileSync(
      path.join(house, "tsconfig.base.json"),
      '{"compilerOptions":{"allowImportingTsExtensions":true,"noEmit":true}}',
    );
    const write = (file: string, text: string) => {
      mkdirSync(path.dirname(path.join(house, file)), { recursive: true });
      writeFileSync(path.join(house, file), text);
    };
    write("src/base/a.ts", 'import { shim } from "../shim/shim.ts";\nexport const a = shim;\n');
    write("src/shim/shim.ts", 'import { readFileSync } from "node:fs";\nexport const shim = readFileSync;\n');
    write("src/wire/one.ts", 'import { two } from "./two.ts";\nexport const one = () => two;\n');
    write("src/wire/two.ts", 'import { one } from "./one.ts";\nexport const two = () => one;\n');
    const found = violations(house, "src").join("\n");
    expect(found).toContain("base-is-the-bottom: src/base/a.ts -> src/shim/shim.ts");
    expect(found).toContain("src-runs-without-node: src/shim/shim.ts");
    expect(found).toContain("no-cycles: src/wire/");
  } finally {
    rmSync(house, { recursive: true });
  }
});
