import { joinKernelParams } from "./annotations/kernel-params.ts";
import type { AnnotationReading } from "./annotations/read.ts";
import type { Architecture } from "./architecture.ts";
import type { Collected, Found } from "./collect.ts";
import { placeIn } from "./document.ts";
import type { Finding, Place } from "./finding.ts";
import { type HypervisorType, hypervisorDisplayName } from "./hypervisor-type.ts";
import {
  type agentKeys,
  catalog,
  type factoryKeys,
  type hypervisorKeys,
  type memAgentKeys,
  type rootlessUserKeys,
  type runtimeKeys,
} from "./schema/catalog.ts";
import { defaultOf, type Key, type Limit, type ValuesOf } from "./schema/key.ts";
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
      const path = `${prefix}.${name}`;
      if (applies(key, type)) all.set(path, effective(path, key));
    }
  }
  return all;

  function effective(path: string, key: Key): Effective {
    const inFile = found.get(path);
    if (inFile !== undefined) return { path, key, value: inFile.value, source: { kind: "file", found: inFile } };
    return { path, key, value: defaultOf(key, type, arch), source: { kind: "default" } };
  }
}

/** What a pod sets over what the files say. Of kernel parameters the operator's stay, unless the pod gives the same one. */
export function withOverrides(
  all: ReadonlyMap<string, Effective>,
  overrides: AnnotationReading["overrides"],
): ReadonlyMap<string, Effective> {
  if (overrides.size === 0) return all;
  const changed = new Map(all);
  for (const [path, { value, annotation }] of overrides) {
    const base = all.get(path);
    if (base === undefined) continue;
    const joined = path.endsWith(".kernel_params") ? joinKernelParams(String(base.value), String(value)) : value;
    changed.set(path, { ...base, value: joined, source: { kind: "annotation", name: annotation } });
  }
  return changed;
}

/** The values as records, one a table. Keys that are not for this hypervisor have their fallback. */
export function valuesByTable(all: ReadonlyMap<string, Effective>, type: HypervisorType): Values {
  const record = (...path: string[]) => {
    const table = catalog.find((one) => one.path.join(".") === path.join("."));
    const prefix = concrete(path, type).join(".");
    const entries = Object.entries(table?.keys ?? {});
    return Object.fromEntries(
      entries.map(([name, key]) => {
        const set = all.get(`${prefix}.${name}`);
        return [name, set === undefined ? key.fallback : set.value];
      }),
    ) as never;
  };
  return {
    hypervisor: record("hypervisor", "*"),
    rootlessUser: record("hypervisor", "*", "rootless_user"),
    agent: record("agent", "kata"),
    memAgent: record("agent", "kata", "mem_agent"),
    runtime: record("runtime"),
    factory: record("factory"),
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
    findings.push({ severity, code, place: placeOf(one), key, rule: limit.why, got: shown(value) });
  }
  return findings;
}

/** Keys in files that the chosen hypervisor has no use for. */
export function misplacedFindings({ found }: Pick<Collected, "found">, type: HypervisorType): Finding[] {
  const findings: Finding[] = [];
  for (const table of catalog) {
    const prefix = concrete(table.path, type).join(".");
    for (const [name, key] of Object.entries(table.keys)) {
      const path = `${prefix}.${name}`;
      const set = found.get(path);
      if (set === undefined || applies(key, type)) continue;
      const rule = `has no effect with ${hypervisorDisplayName(type)}`;
      const place = placeIn(set.document, set.at);
      findings.push({ severity: "note", code: "not-for-hypervisor", place, key: path, rule });
    }
  }
  return findings;
}

/** The same for people and scripts. */
export function settingsOf(all: ReadonlyMap<string, Effective>, hypervisor: HypervisorType): Settings {
  const list = [...all.values()].map(({ path, key, value, source }) => ({
    path,
    key,
    value,
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
  const same = (other: unknown) => shown(other) === shown(value);
  if (limit.values !== undefined) return limit.values.some(same);
  return !same(key.fallback) && !(limit.harmless?.some(same) ?? false);
}

function shown(value: unknown): string {
  return value === undefined ? "" : printTomlValue(value as never);
}
