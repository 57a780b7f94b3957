import { describe, expect, test } from "vitest";
import { toldOf } from "../../testing/examined.ts";
import type { Rule } from "../rule.ts";

/** Keys with their values in TOML; `~KEY` stands below the hypervisor's table, which is QEMU's. */
export type WrittenKeys = Readonly<Record<string, string>>;

/** A rule tried. */
export interface RuleRow {
  /** What breaks it, with the line that is told. */
  readonly broken: readonly (readonly [keys: WrittenKeys, line: string])[];
  readonly holds: readonly WrittenKeys[];
}

/** A file with these keys. */
export function fileOf(keys: WrittenKeys): string {
  const tables = new Map<string, string[]>([["hypervisor.qemu", []]]);
  for (const [path, value] of Object.entries(keys)) {
    const full = path.replace("~", "hypervisor.qemu.");
    const dot = full.lastIndexOf(".");
    const table = full.slice(0, dot);
    tables.set(table, [...(tables.get(table) ?? []), `${full.slice(dot + 1)} = ${value}`]);
  }
  return [...tables].map(([table, lines]) => [`[${table}]`, ...lines, ""].join("\n")).join("");
}

/** Tries each rule with the row of the same index. No rule may be told of when one of its keys is wrong, whichever that is. */
export function describeRules(title: string, rules: readonly Rule[], rows: readonly RuleRow[]): void {
  describe(title, () => {
    test("are all tried", () => {
      expect(rows).toHaveLength(rules.length);
    });
    const cases = rules.flatMap((rule, index) =>
      (rows[index]?.broken ?? []).map(([keys, line]) => ({ rule, keys, line, name: line.replace(/^.* {2}/, "") })),
    );
    test.each(cases)("$name", ({ keys, line }) => {
      expect(toldOf(fileOf(keys))).toContain(line);
    });
    test.each(cases)("not asked when a key is wrong: $name", ({ rule, keys, name }) => {
      for (const key of [rule.key, ...(rule.with ?? [])]) {
        // No key takes a date.
        const lines = toldOf(fileOf({ ...keys, [key]: "1979-05-27" }));
        expect(lines.filter((line) => line.endsWith(name))).toEqual([]);
        const path = key.replace("~", "hypervisor.qemu.");
        expect(lines.filter((line) => line.startsWith("error ") && line.includes(`  ${path}: must `))).toHaveLength(1);
      }
    });
    const held = rules.flatMap(({ key }, index) => (rows[index]?.holds ?? []).map((keys) => ({ index, key, keys })));
    test.each(held)("$index: $key holds: $keys", ({ index, keys }) => {
      const told = toldOf(fileOf(keys));
      const texts = (rows[index]?.broken ?? []).map(([, line]) => line.replace(/^.*? {2}/, ""));
      expect(told.filter((line) => texts.some((text) => line.endsWith(text)))).toEqual([]);
    });
  });
}
