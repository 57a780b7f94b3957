import { nearest } from "../../base/nearest.ts";
import { parseHypervisorType } from "../hypervisor-type.ts";
import { aliases } from "../schema/aliases.ts";
import { allKeys, catalog, keysOfTable } from "../schema/catalog.ts";
import type { Key, Keys } from "../schema/key.ts";
import { retiredKeys, retiredTables } from "../schema/retired.ts";
import { annotationName } from "./explain.ts";

/** What a word of a configuration stands for. In paths, `*` stands for the hypervisor's name. */
export type KeyMatch =
  | { readonly kind: "key"; readonly path: readonly string[]; readonly key: Key }
  | { readonly kind: "table"; readonly path: readonly string[]; readonly about: string; readonly keys: Keys }
  | { readonly kind: "retired"; readonly path: readonly string[]; readonly table: boolean; readonly note: string };

/** A path that may stand in a file, and what it stands for. */
interface Spelling {
  readonly path: readonly string[];
  readonly match: KeyMatch;
}

/**
 * Everything that a word may stand for: a key's name, with or without its table (`default_vcpus`,
 * `hypervisor.qemu.default_vcpus`, `hypervisor.default_vcpus`), another spelling of a key, an annotation with or without
 * `io.katacontainers.config.`, a table, or a key or table that older versions had. Empty when nobody knows it.
 */
export function findKeys(word: string): KeyMatch[] {
  const annotation = annotationName(word);
  const byAnnotation = [...allKeys()]
    .filter(([, key]) => key.annotation?.names.some((name) => annotationName(name) === annotation) ?? false)
    .map(([path, key]): KeyMatch => ({ kind: "key", path, key }));
  const parts = generalised(word.replace(/^\[(.*)\]$/, "$1").split("."));
  const byName = spellings()
    .filter(({ path }) => endsWith(path, parts) || endsWith(withoutStar(path), withoutStar(parts)))
    .map(({ match }) => match);
  const found = [...byAnnotation, ...byName];
  return found.filter(
    ({ path }, index) => found.findIndex((other) => other.path.join(".") === path.join(".")) === index,
  );
}

/** The word that was probably meant. */
export function nearestKey(word: string): string | undefined {
  const name = word.slice(word.lastIndexOf(".") + 1);
  const names = new Set(spellings().map(({ path }) => path.at(-1) ?? ""));
  const annotations = [...allKeys()].flatMap(([, key]) => (key.annotation?.names ?? []).map(annotationName));
  return nearest(name, [...names]) ?? nearest(annotationName(word), annotations);
}

/** Further paths under which a key is read. */
export function otherPaths(path: readonly string[]): readonly (readonly string[])[] {
  return aliases.flatMap(({ from, to }) =>
    to.every((part, index) => part === path[index]) ? [[...from, ...path.slice(to.length)]] : [],
  );
}

function spellings(): Spelling[] {
  const keys = [...allKeys()].flatMap(([path, key]): Spelling[] => {
    const match = { kind: "key", path, key } as const;
    return [path, ...otherPaths(path)].map((spelling) => ({ path: spelling, match }));
  });
  const tables = catalog.map((table): Spelling => ({ path: table.path, match: { kind: "table", ...table } }));
  const retired = [
    ...retiredKeys.map(({ path, note }) => ({ path, table: false, note })),
    ...retiredTables.map(({ path, note }) => ({ path, table: true, note })),
  ];
  return [
    ...keys,
    ...tables,
    ...retired.map((one) => ({ path: one.path, match: { kind: "retired", ...one } as const })),
  ];
}

/** The same with `*` for the name of a hypervisor. */
function generalised(parts: readonly string[]): string[] {
  return parts.map((part, index) => (parts[index - 1] === "hypervisor" && isHypervisor(part) ? "*" : part));
}

function isHypervisor(word: string): boolean {
  // A key may follow right behind `hypervisor`.
  if (Object.hasOwn(keysOfTable(["hypervisor", "*"]) ?? {}, word)) return false;
  if (word === "NAME") return true;
  try {
    parseHypervisorType(word);
    return true;
  } catch {
    return false;
  }
}

function withoutStar(path: readonly string[]): string[] {
  return path.filter((part) => part !== "*");
}

function endsWith(path: readonly string[], end: readonly string[]): boolean {
  return end.length <= path.length && end.every((part, index) => part === path[path.length - end.length + index]);
}
