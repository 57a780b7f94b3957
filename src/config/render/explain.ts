import { hypervisorTypes } from "../hypervisor-type.ts";
import type { Key } from "../schema/key.ts";
import { settingText } from "./value.ts";
import {
  allowedText,
  type DefaultText,
  defaultsLine,
  defaultTexts,
  limitTexts,
  synonymTexts,
  typeText,
} from "./words.ts";

/** Everything that is known of a key, in words. The shape is a contract; fields are only ever added. */
export interface KeyFacts {
  /** `hypervisor.NAME.default_vcpus`: NAME stands for any hypervisor. */
  readonly key: string;
  readonly meaning: string;
  readonly type: string;
  readonly unit: string | null;
  /** What the type does not say. */
  readonly allowed: string | null;
  /** Other spellings of its values. */
  readonly synonyms: readonly string[];
  readonly defaults: readonly DefaultText[];
  /** What the configuration files of kata-ts say, where that is not the default. */
  readonly shipped: string | null;
  /** Null: all of them. */
  readonly hypervisors: readonly string[] | null;
  /** Annotations of pods that set it, with all their letters. */
  readonly annotations: readonly string[];
  /** Why no pod can, although there is an annotation. */
  readonly annotationNever: string | null;
  /** The key that lists the paths which pods may name. */
  readonly annotationAllowedBy: string | null;
  /** What kata-ts does not do. */
  readonly limits: readonly string[];
  /** Other names of the key that are read as well. */
  readonly otherNames: readonly string[];
  /** Not one of upstream Kata's. */
  readonly ours: boolean;
}

/** What is known of the key at a path, such as `hypervisor.*.path`; `others` are further paths under which it is read. */
export function keyFacts(path: readonly string[], key: Key, others: readonly (readonly string[])[]): KeyFacts {
  return {
    key: pathText(path),
    meaning: key.meaning,
    type: typeText(key.shape),
    unit: key.unit ?? null,
    allowed: allowedText(key) ?? null,
    synonyms: synonymTexts(key),
    defaults: defaultTexts(key),
    shipped: key.shipped === undefined ? null : settingText(key.shipped),
    hypervisors: key.hypervisors ?? null,
    annotations: (key.annotation?.names ?? []).map(annotationName),
    annotationNever: key.annotation?.never ?? null,
    annotationAllowedBy: key.annotation?.allowedBy ?? null,
    limits: limitTexts(key),
    otherNames: others.map(pathText),
    ours: key.ours === true,
  };
}

/** A path with NAME for the hypervisor's name. */
export function pathText(path: readonly string[]): string {
  return path.map((part) => (part === "*" ? "NAME" : part)).join(".");
}

const kataPrefix = "io.katacontainers.";

/** What annotations of keys begin with. */
export const annotationPrefix = `${kataPrefix}config.`;

/** The whole name of an annotation that the catalogue may have without its prefix. */
export function annotationName(name: string): string {
  return name.startsWith(kataPrefix) ? name : `${annotationPrefix}${name}`;
}

/** The facts of a key as labels and texts; `quote` marks what is written in files and annotations. */
export function factRows(key: Key, facts: KeyFacts, quote = (text: string) => text): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [["type", facts.type]];
  const add = (label: string, text: string | null) => {
    if (text !== null && text !== "") rows.push([label, text]);
  };
  add("unit", facts.unit);
  add("allowed", facts.allowed);
  add("read as well", facts.synonyms.join(", "));
  add("default", defaultsLine(key, quote));
  add("as shipped", facts.shipped === null ? null : quote(facts.shipped));
  add("hypervisors", facts.hypervisors === null ? null : hypervisorList(facts.hypervisors));
  add("other names", facts.otherNames.map(quote).join(", "));
  add("annotation", annotationLine(facts, quote));
  for (const limit of facts.limits) rows.push(["not done", limit]);
  add("kata-ts only", facts.ours ? "upstream Kata does not know this key" : null);
  return rows;
}

/** Few exceptions are told instead of many names. */
function hypervisorList(names: readonly string[]): string {
  const others = hypervisorTypes.filter((type) => !names.includes(type));
  return others.length < names.length && others.length <= 3 ? `all but ${others.join(", ")}` : names.join(", ");
}

function annotationLine(facts: KeyFacts, quote: (text: string) => string): string {
  const names = facts.annotations.map(quote).join(" or ");
  if (names === "") return "";
  if (facts.annotationNever !== null) return `${names}: ${facts.annotationNever}`;
  return facts.annotationAllowedBy === null
    ? names
    : `${names}, for paths that ${quote(facts.annotationAllowedBy)} lists`;
}
