import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readAnnotations } from "../../src/config/annotations/read.ts";
import { allKeys } from "../../src/config/schema/catalog.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/annotations.md"), "utf8");
const prefix = "io.katacontainers.config.";
const annotated = [...allKeys()].flatMap(([, { annotation }]) => (annotation === undefined ? [] : [annotation]));

/** The page's rows between two headings. */
function rows(from: string, to: string): string[] {
  const start = page.indexOf(from);
  const end = page.indexOf(to, start);
  expect(start).toBeGreaterThanOrEqual(0);
  expect(end).toBeGreaterThan(start);
  return page
    .slice(start, end)
    .split("\n")
    .filter((line) => line.startsWith("| `"));
}

/** The words in code style of a row's cell. */
function words(row: string, cell: number): string[] {
  return [...(row.split(" | ")[cell] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

test("docs/annotations.md names the list of every path", () => {
  const told = rows("**Paths.**", "**What to open.**").flatMap((row) =>
    words(row, 0).map((name) => `${name} ${words(row, 1).join()}`),
  );
  const known = annotated.flatMap(({ names, allowedBy }) =>
    allowedBy === undefined ? [] : names.map((name) => `${name.slice(`${prefix}hypervisor.`.length)} ${allowedBy}`),
  );
  expect(told.sort()).toEqual(known.sort());
});

test("docs/annotations.md names everything that is never allowed", () => {
  const told = rows("## What is never allowed", "## What differs")
    .flatMap((row) => words(row, 0))
    .filter((name) => !name.startsWith("io.") && name !== "hypervisor.enable_annotations");
  const known = annotated.flatMap(({ names, never }) =>
    never === undefined ? [] : names.map((name) => name.slice(prefix.length)),
  );
  expect(told.sort()).toEqual(known.sort());
});

test("what docs/annotations.md says of kernel parameters is so", () => {
  const accepts = (value: string) =>
    readAnnotations(
      { [`${prefix}hypervisor.kernel_params`]: value },
      { hypervisor: "qemu", enabled: ["kernel_params"], allowedPaths: () => [], keys: allKeys() },
    ).overrides.size === 1;
  const told = rows("### Kernel parameters", "`machine_accelerators`");
  expect(told.length).toBeGreaterThan(5);
  for (const row of told) {
    const [refused = "", allowed = ""] = (row.split(" | ")[0] ?? "").split(" except ");
    for (const word of words(refused, 0)) expect([word, accepts(word.replace("*", "x"))]).toEqual([word, false]);
    const family = words(refused, 0)[0]?.replace("*", "") ?? "";
    for (const word of words(allowed, 0)) expect([word, accepts(`${family}${word}=1`)]).toEqual([word, true]);
  }
});
