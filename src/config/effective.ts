import type { Architecture } from "./architecture.ts";
import type { Collected, Found } from "./collect.ts";
import { placeIn } from "./document.ts";
import { cutText, type Finding, type Place } from "./finding.ts";
import { type HypervisorType, hypervisorDisplayName } from "./hypervisor-type.ts";
import {
  agentKeys,
  type CatalogTable,
  catalog,
  factoryKeys,
  hypervisorKeys,
  memAgentKeys,
  rootlessUserKeys,
  runtimeKeys,
} from "./schema/catalog.ts";
import { defaultOf, type Key, type Keys, type Limit, type ValuesOf } from "./schema/key.ts";
import type { Origin, Settings } from "./settings.ts";
import { printTomlValue } from "./toml/print.ts";

/** Who set a value. */
type Source =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly found: Found }
  | { readonly kind: "annotation"; readonly name: string };

/** A key with the value that counts. */
export interface Effective {
  readonly path: string;
  /** The table's, of the catalogue. */
  readonly table: CatalogTable;
  /** Within its table. */
  readonly name: string;
  readonly key: Key;
  readonly value: unknown;
  readonly source: Source;
}

/** The values by table, for code that knows the keys. */
export interface Values {
  readonly hypervisor: ValuesOf<typeof hypervisorKeys>;
  readonly rootlessUser: ValuesOf<typeof rootlessUserKeys>;
  readonly agent: ValuesOf<typeof agentKeys>;
  readonly memAgent: ValuesOf<typeof memAgentKeys>;
  readonly runtime: ValuesOf<typeof runtimeKeys>;
  readonly factory: ValuesOf<typeof factoryKeys>;
}

/** Everything that applies to a hypervisor, in the order of the written file. */
export function effectiveValues(
  { found }: Pick<Collected, "found">,
  type: HypervisorType,
  arch: Architecture,
): ReadonlyMap<string, Effective> {
  const all = new Map<string, Effective>();
  for (const table of catalog) {
    const prefix = concrete(table.path, type).join(".");
    for (const [name, key] of Object.entries(table.keys)) {
      if (!applies(key, type)) continue;
      const path = `${prefix}.${name}`;
      const inFile = found.get(path);
      const value = inFile === undefined ? defaultOf(key, type, arch) : inFile.value;
      all.set(path, {
        path,
        table,
        name,
        key,
        value,
        source: inFile === undefined ? byDefault : { kind: "file", found: inFile },
      });
    }
  }
  return all;
}

const byDefault: Source = { kind: "default" };

/** The values as records, one a table. Keys that are not for this hypervisor have their fallback. */
export function valuesByTable(all: ReadonlyMap<string, Effective>): Values {
  const records = new Map<Keys, Record<string, unknown>>();
  for (const { keys } of catalog) {
    const record: Record<string, unknown> = {};
    for (const name of Object.keys(keys)) record[name] = keys[name]?.fallback;
    records.set(keys, record);
  }
  for (const { table, name, value } of all.values()) {
    const record = records.get(table.keys);
    if (record !== undefined) record[name] = value;
  }
  return {
    hypervisor: records.get(hypervisorKeys) as Values["hypervisor"],
    rootlessUser: records.get(rootlessUserKeys) as Values["rootlessUser"],
    agent: records.get(agentKeys) as Values["agent"],
    memAgent: records.get(memAgentKeys) as Values["memAgent"],
    runtime: records.get(runtimeKeys) as Values["runtime"],
    factory: records.get(factoryKeys) as Values["factory"],
  };
}

/** Where what counts for a key was set. */
export function placeOf(effective: Effective | undefined): Place {
  const source = effective?.source ?? { kind: "default" };
  switch (source.kind) {
    case "file":
      return placeIn(source.found.document, source.found.at);
    case "annotation":
      return { kind: "annotation", name: source.name };
    case "default":
      return { kind: "nowhere" };
  }
}

/** What kata-ts does not do with the values that count. */
export function limitFindings(all: ReadonlyMap<string, Effective>): Finding[] {
  const findings: Finding[] = [];
  for (const one of all.values()) {
    if (one.source.kind === "default") continue;
    const limit = one.key.limits?.find((candidate) => concerns(candidate, one));
    if (limit === undefined) continue;
    const { path: key, value } = one;
    const [severity, code] =
      limit.level === "refused" ? (["unsupported", "unsupported"] as const) : (["note", "ignored"] as const);
    const got = one.key.secret === true ? {} : { got: cutText(written(value)) };
    findings.push({ severity, code, place: placeOf(one), key, rule: limit.why, ...got });
  }
  return findings;
}

/** Keys in files that the chosen hypervisor has no use for. */
export function misplacedFindings({ found }: Pick<Collected, "found">, type: HypervisorType): Finding[] {
  const findings: Finding[] = [];
  for (const [path, { key, document, at }] of found) {
    const [table, name] = path.split(".", 2);
    // Other hypervisors' tables have been told of as a whole.
    if ((table === "hypervisor" && name !== type) || applies(key, type)) continue;
    const rule = `has no effect with ${hypervisorDisplayName(type)}`;
    findings.push({ severity: "note", code: "not-for-hypervisor", place: placeIn(document, at), key: path, rule });
  }
  return findings;
}

/** The same for people and scripts. */
export function settingsOf(all: ReadonlyMap<string, Effective>, hypervisor: HypervisorType): Settings {
  const list = [...all.values()].map(({ path, key, value, source }) => ({
    path,
    key,
    value: key.secret === true && value !== "" ? "(not shown)" : value,
    origin: originOf(source),
  }));
  return { hypervisor, list };
}

function originOf(source: Source): Origin {
  if (source.kind !== "file") return source;
  const { file, line, column } = placeIn(source.found.document, source.found.at);
  return { kind: "file", file, line, column, dropIn: source.found.document.dropIn };
}

function applies(key: Key, type: HypervisorType): boolean {
  return key.hypervisors?.includes(type) ?? true;
}

function concrete(path: readonly string[], type: HypervisorType): string[] {
  return path.map((part) => (part === "*" ? type : part));
}

function concerns(limit: Limit<unknown>, { key, value }: Effective): boolean {
  const same = (other: unknown) => written(other) === written(value);
  if (limit.values !== undefined) return limit.values.some(same);
  return !same(key.fallback) && !(limit.harmless?.some(same) ?? false);
}

function written(value: unknown): string {
  return value === undefined ? "" : printTomlValue(value as never);
}
