import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .trim()
  .split("\n");
const sources = tracked.filter(
  (file) => /^(src|sdk|native|tools|bench|guest)\/.*\.(ts|mjs|c|h|sh)$/.test(file) && !file.includes("/gen/"),
);
const lineLimit = 400;

function read(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

describe("every source file", () => {
  test("has at most 400 lines", () => {
    const long = sources
      .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
      .filter(({ lines }) => lines > lineLimit);
    expect(long).toEqual([]);
  });

  test("has a kebab-case name", () => {
    const odd = sources.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(path.basename(file)));
    expect(odd).toEqual([]);
  });

  test("has no unfinished work and no switched-off test", () => {
    const marks = /\b(TODO|FIXME|XXX|HACK)\b|\b(it|test|describe)\.(skip|only|todo)\(/;
    const found = [...sources, ...tracked.filter((file) => /^test\/.*\.ts$/.test(file))]
      .filter((file) => file !== "test/repo/house.test.ts")
      .filter((file) => marks.test(read(file)));
    expect(found).toEqual([]);
  });
});

test("no binary and no machine's path is tracked", () => {
  const binary = tracked.filter(
    (file) => /\.(so|o|a|bin|img|deb|gz|xz|zst|elf|ko)$/.test(file) && !file.includes("/fixtures/"),
  );
  expect(binary).toEqual([]);
});

test("every Makefile target of the README exists", () => {
  const makefile = read("Makefile");
  const named = new Set([...read("README.md").matchAll(/\bmake ([a-z]+)\b/g)].map((match) => match[1]));
  expect([...named].filter((target) => !makefile.includes(`\n${target}:`))).toEqual([]);
  expect(named.size).toBeGreaterThan(1);
});
