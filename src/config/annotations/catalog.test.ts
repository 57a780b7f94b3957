import { describe, expect, test } from "vitest";
import { type HypervisorType, hypervisorTypes } from "../hypervisor-type.ts";
import { allKeys } from "../schema/catalog.ts";
import type { Key } from "../schema/key.ts";
import { readAnnotations } from "./read.ts";
import { goodText } from "./testing/good-text.ts";

interface Row {
  readonly name: string;
  readonly path: readonly string[];
  readonly key: Key;
  readonly hypervisor: HypervisorType;
}

/** Every annotation of the catalogue, for a hypervisor that its key is for. */
const rows: readonly Row[] = [...allKeys()].flatMap(([path, key]) => {
  const hypervisor = key.hypervisors?.[0] ?? "qemu";
  const concrete = path.map((part) => (part === "*" ? hypervisor : part));
  return (key.annotation?.names ?? []).map((name) => ({ name, path: concrete, key, hypervisor }));
});

const settable = rows.filter(({ key }) => key.annotation?.never === undefined);
const paths = settable.filter(({ key }) => key.shape.kind === "path");

function read({ name, hypervisor }: Row, text: string, enabled: readonly string[], lists: readonly string[] = []) {
  return readAnnotations({ [name]: text }, { hypervisor, enabled, allowedPaths: () => lists, keys: allKeys() });
}

function baseName(name: string): string {
  return name.replace(/^io\.katacontainers\.(config\.(hypervisor|agent|runtime)\.)?/, "");
}

describe("every annotation of the catalogue", () => {
  test("there are many, and no name stands for two keys", () => {
    expect(rows.length).toBeGreaterThan(70);
    expect(rows.map(({ name }) => name)).toEqual([...new Set(rows.map(({ name }) => name))]);
    for (const { name } of rows) {
      expect(name).toMatch(/^io\.katacontainers\.(config\.(hypervisor|agent|runtime)\.)?[a-z0-9_]+(\.list)?$/);
    }
  });

  test.each(rows)("$name is refused without an expression", (row) => {
    const { overrides, findings } = read(row, goodText(row.key.shape), [], ["/opt/pods/*"]);
    expect(overrides.size).toBe(0);
    expect(findings.map(({ code, key }) => [code, key])).toEqual([["annotation-refused", row.path.join(".")]]);
  });

  test.each(settable)("$name is accepted with one", (row) => {
    const expression = `^${baseName(row.name).replaceAll(".", "\\.")}$`;
    const { overrides, findings } = read(row, goodText(row.key.shape), [expression], ["/opt/pods/*"]);
    expect(findings).toEqual([]);
    expect([...overrides.keys()]).toEqual([row.path.join(".")]);
    expect([...overrides.values()].map(({ annotation }) => annotation)).toEqual([row.name]);
  });

  test.each(rows.filter(({ key }) => key.annotation?.never !== undefined))("$name is never accepted", (row) => {
    const { overrides, findings } = read(row, goodText(row.key.shape), [".*"], ["/opt/pods/*"]);
    expect(overrides.size).toBe(0);
    expect(findings.map(({ code, rule }) => [code, rule])).toEqual([["annotation-refused", row.key.annotation?.never]]);
  });

  test.each(paths)("$name is refused without a list", (row) => {
    for (const lists of [[], ["/opt/other/*"], ["/opt/*"], ["*"], ["**"], ["/opt/pods/["]]) {
      const { overrides, findings } = read(row, "/opt/pods/file", [".*"], lists);
      expect(overrides.size).toBe(0);
      expect(findings.filter(({ code }) => code === "annotation-refused")).toHaveLength(1);
    }
  });

  test("every list of paths is a key of the same table", () => {
    const known = new Set([...allKeys()].map(([path]) => path.join(".")));
    for (const [path, key] of allKeys()) {
      if (key.annotation?.allowedBy === undefined) continue;
      expect(known).toContain([...path.slice(0, -1), key.annotation.allowedBy].join("."));
    }
  });

  test("no key whose name speaks of a path or program takes any text from a pod", () => {
    const telling = settable.filter(({ path }) =>
      /path|daemon|firmware|kernel$|image$|initrd$|socket/.test(path.at(-1) ?? ""),
    );
    expect(telling.length).toBeGreaterThan(8);
    for (const { path, key } of telling)
      expect([path, key.shape.kind]).toEqual([path, key.shape.kind === "flag" ? "flag" : "path"]);
  });

  test.each(settable.filter(({ key }) => key.shape.kind === "integer" || key.shape.kind === "decimal"))(
    "$name takes no number in disguise",
    (row) => {
      for (const text of [
        "",
        "1e9",
        "0x10",
        " 5",
        "5 ",
        "5\n",
        "NaN",
        "Infinity",
        "\uff19",
        "+5",
        "05",
        "5;",
        "-o source=/",
      ]) {
        const { overrides, findings } = read(row, text, [".*"]);
        expect([text, overrides.size, findings.map(({ code }) => code)]).toEqual([text, 0, ["annotation-value"]]);
      }
    },
  );

  test.each(settable)("$name takes no control characters, and nothing of 10 MB", (row) => {
    for (const text of ["a\nb", "a\0", "\u001b[2J", "x".repeat(10_000_000)]) {
      const { overrides, findings } = read(row, text, [".*"], ["/*"]);
      expect([overrides.size, findings.length]).toEqual([0, 1]);
    }
  });

  test.each(hypervisorTypes)("none sets a key of another hypervisor than %s", (hypervisor) => {
    for (const row of settable) {
      const { overrides } = read({ ...row, hypervisor }, goodText(row.key.shape), [".*"], ["/opt/pods/*"]);
      for (const path of overrides.keys()) {
        expect(path.startsWith("hypervisor.") ? path.startsWith(`hypervisor.${hypervisor}.`) : true).toBe(true);
        expect(row.key.hypervisors?.includes(hypervisor) ?? true).toBe(true);
      }
    }
  });
});
