import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Finding } from "./finding.ts";
import { type HypervisorType, hypervisorTypes } from "./hypervisor-type.ts";
import { aliasOf } from "./schema/aliases.ts";
import { type CatalogTable, keysFor, keysOfTable } from "./schema/catalog.ts";
import type { Key } from "./schema/key.ts";
import { type AnyValue, anyValue } from "./testing/any-value.ts";
import { examined, linesOf } from "./testing/examined.ts";
import { printTomlTable } from "./toml/print.ts";
import { TomlDate } from "./toml/value.ts";

interface Entry {
  readonly table: readonly string[];
  readonly name: string;
  readonly key: Key;
  readonly value: AnyValue;
}

const runs = { numRuns: 100 };
const options = { timeout: 60_000 };
const pathOf = ({ table, name }: Entry) => [...table, name].join(".");

function entriesOf({ path, keys }: CatalogTable): fc.Arbitrary<Entry[]> {
  // What a secret key has is shown to nobody.
  const shown = Object.entries(keys).filter(([, { secret }]) => secret !== true);
  const each = shown.map(([name, key]) =>
    fc.option(
      anyValue(key.shape).map((value) => ({ table: path, name, key, value })),
      { nil: undefined },
    ),
  );
  return fc.tuple(...each).map((entries) => entries.filter((one) => one !== undefined));
}

/** Some keys of one hypervisor, with values that they allow. */
const configuration = fc
  .constantFrom<HypervisorType>("qemu", ...hypervisorTypes)
  .chain((type) => fc.tuple(fc.constant(type), fc.tuple(...keysFor(type).map(entriesOf))))
  // Another name than that of the only table is a rule between tables.
  .map(([type, tables]) => ({ type, entries: tables.flat().filter(({ name }) => name !== "hypervisor_name") }))
  .filter(({ entries }) => entries.length > 0);

type Nested = { [name: string]: Nested | AnyValue["written"] };

/** As text; `written` stands in for the values of the file. */
function textOf(type: HypervisorType, entries: readonly Entry[]): string {
  const root: Nested = { hypervisor: { [type]: {} } };
  for (const { table, name, value } of entries) {
    let inner = root;
    for (const part of table) {
      inner[part] ??= {};
      inner = inner[part] as Nested;
    }
    inner[name] = value.written;
  }
  // Names are as the catalogue has them; the second of two tables of the same parent is written behind it.
  return printTomlTable(root as never);
}

/** What is wrong with single keys; rules between keys and lists of what pods may do are another matter. */
function keyFindings(findings: readonly Finding[]): Finding[] {
  const codes = ["syntax", "unknown-table", "unknown-key", "unknown-hypervisor", "wrong-value", "not-for-hypervisor"];
  return findings.filter(
    ({ code, severity, key }) =>
      codes.includes(code) &&
      !(severity === "warning" && code === "wrong-value" && /\.(enable_annotations|valid_\w+)$/.test(key)),
  );
}

function valuesOf(text: string): Map<string, unknown> {
  return new Map(examined(text).settings.list.map(({ path, value }) => [path, value]));
}

function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split("\n").length;
}

describe("any valid configuration", () => {
  test("has no mistakes, and each setting the value that was written", options, () => {
    fc.assert(
      fc.property(configuration, ({ type, entries }) => {
        const { findings, settings } = examined(textOf(type, entries));
        expect(linesOf(keyFindings(findings))).toEqual([]);
        expect(linesOf(findings.filter(({ severity, code }) => severity === "error" && code !== "conflict"))).toEqual(
          [],
        );
        const values = new Map(settings.list.map((setting) => [setting.path, setting]));
        for (const entry of entries) {
          expect(values.get(pathOf(entry))).toMatchObject({ value: entry.value.read, origin: { kind: "file" } });
        }
        expect(settings.list.filter(({ origin }) => origin.kind === "file")).toHaveLength(entries.length);
      }),
      runs,
    );
  });
});

describe("one mistake in a valid configuration is told at its line, and changes nothing else:", () => {
  const withOne = configuration.chain(({ type, entries }) =>
    fc.nat(entries.length - 1).map((index) => ({ type, entries, index })),
  );
  const changed = (entries: readonly Entry[], index: number, change: Partial<Entry>) =>
    entries.map((entry, at) => (at === index ? { ...entry, ...change } : entry));

  function expectOnly(
    type: HypervisorType,
    before: readonly Entry[],
    index: number,
    change: Partial<Entry>,
    code: string,
  ) {
    const after = changed(before, index, change);
    const text = textOf(type, after);
    const entry = after[index];
    if (entry === undefined) throw new Error("No such entry");
    const { findings, settings } = examined(text);
    const [finding, ...others] = keyFindings(findings);
    expect(linesOf(others)).toEqual([]);
    expect(finding).toMatchObject({ code, key: pathOf(entry), place: { kind: "file", line: lineWith(text, entry) } });
    for (const [at, other] of before.entries()) {
      if (at === index) continue;
      expect(settings.list.find(({ path }) => path === pathOf(other))?.value).toEqual(other.value.read);
    }
  }

  /** The line of a key, found by its table's header. */
  function lineWith(text: string, { table, name }: Entry): number {
    const header = `[${table.join(".")}]\n`;
    const from = text.indexOf(header) + header.length;
    return lineOf(text, text.slice(from + text.slice(from).search(new RegExp(`^${name} = `, "m"))));
  }

  test("a value of no type that the key has", options, () => {
    fc.assert(
      fc.property(withOne, ({ type, entries, index }) => {
        const value = { written: new TomlDate("1979-05-27"), read: undefined };
        expectOnly(type, entries, index, { value }, "wrong-value");
      }),
      runs,
    );
  });

  test("a number out of its bounds", options, () => {
    fc.assert(
      fc.property(withOne, fc.boolean(), ({ type, entries, index }, above) => {
        const { shape } = entries[index]?.key ?? {};
        fc.pre(shape?.kind === "integer" && (!above || shape.max < 2n ** 62n));
        if (shape?.kind !== "integer") return;
        fc.pre(above || shape.min !== 1n || shape.orZero !== true);
        const written = above ? shape.max + 1n : shape.min - 1n;
        expectOnly(type, entries, index, { value: { written, read: undefined } }, "wrong-value");
      }),
      runs,
    );
  });

  test("a misspelt name", options, () => {
    fc.assert(
      fc.property(withOne, fc.nat(), fc.constantFrom("", "x", "_"), ({ type, entries, index }, seed, letter) => {
        const entry = entries[index];
        if (entry === undefined) return;
        // Arrays of tables have a header instead of a line.
        fc.pre(entry.key.shape.kind !== "tables");
        const at = seed % entry.name.length;
        const name = entry.name.slice(0, at) + letter + entry.name.slice(at + 1);
        const path = [...entry.table, name];
        const taken = Object.keys(keysOfTable(entry.table) ?? {}).includes(name) || aliasOf(path) !== undefined;
        fc.pre(name !== "" && !taken && keysOfTable(path) === undefined);
        expectOnly(type, entries, index, { name }, "unknown-key");
      }),
      runs,
    );
  });

  test("one character more, less or other in a line: else the file is still valid", options, () => {
    const characters = fc.constantFrom(..."\"'=#[]{}.,-+_ \\\t019aexX\u00e9\u0000\u007f");
    fc.assert(
      fc.property(
        configuration,
        fc.nat(),
        fc.nat(),
        fc.nat(2),
        characters,
        ({ type, entries }, where, at, kind, character) => {
          const text = textOf(type, entries);
          const lines = text.split("\n");
          const candidates = lines.flatMap((line, index) => (/^\w+ = /.test(line) ? [index] : []));
          fc.pre(candidates.length > 0);
          const index = candidates[where % candidates.length] ?? 0;
          const line = lines[index] ?? "";
          const column = at % line.length;
          const edited =
            line.slice(0, column) + (kind === 0 ? "" : character) + line.slice(column + (kind === 1 ? 0 : 1));
          const mutated = lines.map((one, number) => (number === index ? edited : one)).join("\n");
          const told = keyFindings(examined(mutated).findings);
          const elsewhere = told.filter(
            ({ place, rule }) =>
              !(place.kind === "file" && place.line === index + 1) && !rule.endsWith(` on line ${index + 1}`),
          );
          expect(linesOf(elsewhere)).toEqual([]);
          // A quote or bracket that is opened may take the lines that follow with it.
          if (told.some(({ code }) => code === "syntax")) return;
          const [before, after] = [valuesOf(text), valuesOf(mutated)];
          const differ = [...before].filter(
            ([path, value]) => !Object.is(JSON.stringify(value, big), JSON.stringify(after.get(path), big)),
          );
          expect(differ.length).toBeLessThanOrEqual(2);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const big = (_key: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

describe("annotations", () => {
  const keys = keysFor("qemu").flatMap(({ path, keys: inside }) =>
    Object.entries(inside).map(([name, key]) => ({ path: [...path, name].join("."), key })),
  );
  const names = keys.flatMap(({ key }) => key.annotation?.names ?? []);
  const baseName = (name: string) => name.replace(/^io\.katacontainers\.(config\.\w+\.)?/, "");
  const text = fc.constantFrom(
    "true",
    "false",
    "1",
    "2",
    "512",
    "1024",
    "/opt/x",
    "none",
    "auto",
    "quiet",
    '["a"]',
    "a=b",
  );

  test("change no key that is not enabled, and nothing but what they name", options, () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names), text, { maxKeys: 8 }),
        fc.array(fc.constantFrom(...names.map(baseName)), { maxLength: 8 }),
        (annotations, enabled) => {
          const file = `[hypervisor.qemu]\ninitrd = "/i"\nenable_annotations = ${JSON.stringify(enabled)}\n`;
          const plain = new Map(examined(file).settings.list.map(({ path, value }) => [path, value]));
          const { settings, findings } = examined(file, { annotations });
          for (const { path, value, origin } of settings.list) {
            if (origin.kind !== "annotation") {
              expect([path, value]).toEqual([path, plain.get(path)]);
              continue;
            }
            expect(Object.keys(annotations)).toContain(origin.name);
            expect(enabled.filter((one) => baseName(origin.name).includes(one))).not.toEqual([]);
            expect(keys.find((one) => one.path === path)?.key.annotation?.names).toContain(origin.name);
          }
          for (const name of Object.keys(annotations)) {
            const isOpen = enabled.some((one) => baseName(name).includes(one));
            const refused = findings.some(
              ({ place, severity }) => place.kind === "annotation" && place.name === name && severity === "error",
            );
            if (!isOpen) expect([name, refused]).toEqual([name, true]);
          }
        },
      ),
      runs,
    );
  });
});
