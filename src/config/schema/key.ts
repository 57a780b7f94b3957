import type { Architecture } from "../architecture.ts";
import type { HypervisorType } from "../hypervisor-type.ts";
import type { TomlValue } from "../toml/value.ts";

/** What may be written for a key; data, so that checking, JSON Schema, the reference and generated tests come from it. */
export type Shape =
  | { readonly kind: "flag" }
  | {
      readonly kind: "integer";
      readonly min: bigint;
      readonly max: bigint;
      readonly powerOfTwo?: boolean;
      /** 0 is accepted as well, though it is below `min`. */
      readonly orZero?: boolean;
    }
  | { readonly kind: "decimal"; readonly min: number; readonly max: number }
  | { readonly kind: "text"; readonly pattern?: RegExp; readonly maxLength: number }
  | { readonly kind: "path"; readonly optional: boolean }
  | {
      readonly kind: "choice";
      readonly choices: readonly string[];
      readonly synonyms: Readonly<Record<string, string>>;
    }
  | { readonly kind: "list"; readonly of: Shape; readonly maxItems: number }
  | { readonly kind: "tables"; readonly keys: Keys; readonly maxItems: number };

/** A default for some hypervisors or architectures only. */
export interface SpecialDefault<T> {
  readonly hypervisors?: readonly HypervisorType[];
  readonly archs?: readonly Architecture[];
  readonly value: T;
}

/** What kata-ts does not do with a key, or with some of its values. */
export interface Limit<T> {
  /** `ignored`: the sandbox starts without it, which `config validate` notes. `refused`: a sandbox is not started. */
  readonly level: "ignored" | "refused";
  /** Completes "KEY = VALUE ...", without a final period: `has no effect: the VM has no balloon`. */
  readonly why: string;
  /** The values that it concerns; absent: every value but the default and `harmless`. */
  readonly values?: readonly T[];
  readonly harmless?: readonly T[];
}

/** How a pod may set a key; always subject to `enable_annotations`. */
export interface AnnotationRule {
  /** Whole names: `io.katacontainers.config.hypervisor.default_vcpus`. The first is the usual one. */
  readonly names: readonly string[];
  /** Turns the annotation's value into the key's, where they differ, as in unit; undefined for a value of the wrong kind. */
  readonly convert?: (value: TomlValue) => TomlValue | undefined;
  /** For paths: the key of the same table that lists what is allowed. Without one no pod may name a path. */
  readonly allowedBy?: string;
  /** Never allowed, whatever `enable_annotations` says; completes "NAME ...". */
  readonly never?: string;
}

/**
 * One configuration key: everything that reading, checking, explaining and writing it needs.
 *
 * To add a key: add it to its table in this folder, where it shall stand in the written file; use its value in `resolve.ts`;
 * rules that concern several keys go to `rules/`. Types, checks, files, JSON Schema and reference follow from here.
 */
export interface Key<T = unknown> {
  readonly shape: Shape;
  /** One sentence without a final period. */
  readonly meaning: string;
  /** `MiB`, `seconds`, `bit/s`... */
  readonly unit?: string;
  /** The value when the key is absent and no special default fits: upstream's. */
  readonly fallback: T;
  /** The first that fits wins. */
  readonly defaults?: readonly SpecialDefault<T>[];
  /** What our own configuration file says, where that is not the default. */
  readonly shipped?: T;
  /** Which hypervisors it is for; absent: all. */
  readonly hypervisors?: readonly HypervisorType[];
  readonly annotation?: AnnotationRule;
  readonly limits?: readonly Limit<T>[];
  /** Not one of upstream Kata's keys. */
  readonly ours?: boolean;
  /** Nobody is shown its value. */
  readonly secret?: boolean;
  /** Completes "KEY: ..." when the value is wrong. */
  readonly rule: string;
}

/** A table of the file: its keys in the order in which they are written. */
export type Keys = Readonly<Record<string, Key>>;
/** What a table holds after reading. */
export type ValuesOf<K extends Keys> = { readonly [N in keyof K]: K[N] extends Key<infer T> ? T : never };

/** What is said about every key. */
type About<T> = Omit<Key<T>, "shape" | "rule">;

/** The value of a key that is absent. */
export function defaultOf<T>(key: Key<T>, hypervisor: HypervisorType, arch: Architecture): T {
  const special = key.defaults?.find(
    ({ hypervisors, archs }) => (hypervisors?.includes(hypervisor) ?? true) && (archs?.includes(arch) ?? true),
  );
  return special === undefined ? key.fallback : special.value;
}

/** `true` or `false`. With `fallback: undefined` it may be unset, as some others may. */
export function flag(about: About<boolean>): Key<boolean>;
export function flag(about: About<boolean | undefined>): Key<boolean | undefined>;
export function flag(about: About<boolean | undefined>): Key<boolean | undefined> {
  return { ...about, shape: { kind: "flag" }, rule: "must be true or false" };
}

interface IntegerAbout<T> extends About<T> {
  readonly min: number;
  readonly max?: number;
  readonly powerOfTwo?: boolean;
  readonly orZero?: boolean;
  readonly rule?: string;
}

/** A whole number within bounds; the bounds are part of the rule. */
export function integer(about: IntegerAbout<number>): Key<number>;
export function integer(about: IntegerAbout<number | undefined>): Key<number | undefined>;
export function integer({
  min,
  max = Number.MAX_SAFE_INTEGER,
  powerOfTwo = false,
  orZero = false,
  rule,
  ...about
}: IntegerAbout<number | undefined>): Key<number | undefined> {
  const what = `${orZero ? "0 or " : ""}${powerOfTwo ? "a power of two" : "a whole number"}`;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const shape: Shape = {
    kind: "integer",
    min: BigInt(min),
    max: BigInt(max),
    ...(powerOfTwo ? { powerOfTwo } : {}),
    ...(orZero ? { orZero } : {}),
  };
  return { ...about, shape, rule: rule ?? `must be ${what} ${bounds}` };
}

/** A whole number of up to 64 bits without sign; its value is a bigint. */
export function wideInteger(about: About<bigint>): Key<bigint>;
export function wideInteger(about: About<bigint | undefined>): Key<bigint | undefined>;
export function wideInteger(about: About<bigint | undefined>): Key<bigint | undefined> {
  return {
    ...about,
    shape: { kind: "integer", min: 0n, max: 0xffff_ffff_ffff_ffffn },
    rule: "must be a whole number from 0 to 18446744073709551615",
  };
}

/** A number, possibly with a fraction. */
export function decimal({
  min = Number.NEGATIVE_INFINITY,
  max,
  rule,
  ...about
}: About<number> & { min?: number; max: number; rule: string }): Key<number> {
  return { ...about, shape: { kind: "decimal", min, max }, rule };
}

interface TextAbout<T> extends About<T> {
  readonly pattern?: RegExp;
  readonly rule?: string;
  readonly maxLength?: number;
}

/** A string of at most 4096 characters without control characters, restricted by `pattern`. */
export function text(about: TextAbout<string>): Key<string>;
export function text(about: TextAbout<string | undefined>): Key<string | undefined>;
export function text({
  pattern,
  rule,
  maxLength = 4096,
  ...about
}: TextAbout<string | undefined>): Key<string | undefined> {
  return {
    ...about,
    shape: { kind: "text", maxLength, ...(pattern === undefined ? {} : { pattern }) },
    rule: rule ?? `must be a string of at most ${maxLength} characters without control characters`,
  };
}

/** An absolute path, or nothing if `optional`. Whether the file exists is a matter of `host-files.ts`. */
export function path({ optional = false, ...about }: About<string> & { optional?: boolean }): Key<string> {
  return {
    ...about,
    shape: { kind: "path", optional },
    rule: optional ? "must be an absolute path, or empty" : "must be an absolute path",
  };
}

/** One of a few words; `synonyms` are other spellings, which are read as what they stand for. */
export function choice<T extends string>(
  choices: readonly T[],
  { synonyms = {}, ...about }: About<NoInfer<T>> & { synonyms?: Readonly<Record<string, NoInfer<T>>> },
): Key<T> {
  const shown = choices.map((one) => (one === "" ? '""' : one)).join(", ");
  return {
    ...about,
    shape: { kind: "choice", choices, synonyms },
    rule: choices.length === 1 ? `must be ${shown}` : `must be one of ${shown}`,
  };
}

/** An array of strings; `pattern` holds for each. */
export function textList({
  pattern,
  rule,
  ...about
}: About<readonly string[]> & { pattern?: RegExp; rule?: string }): Key<readonly string[]> {
  const of: Shape = { kind: "text", maxLength: 4096, ...(pattern === undefined ? {} : { pattern }) };
  return { ...about, shape: { kind: "list", of, maxItems: 256 }, rule: rule ?? "must be an array of strings" };
}

/** An array of whole numbers from 0 to 2^32-1. */
export function idList(about: About<readonly number[]>): Key<readonly number[]> {
  const of: Shape = { kind: "integer", min: 0n, max: 0xffff_ffffn };
  return {
    ...about,
    shape: { kind: "list", of, maxItems: 256 },
    rule: "must be an array of whole numbers from 0 to 4294967295",
  };
}

/** An array of tables, each with these keys. */
export function tables<K extends Keys>(keys: K, about: About<readonly ValuesOf<K>[]>): Key<readonly ValuesOf<K>[]> {
  return { ...about, shape: { kind: "tables", keys, maxItems: 64 }, rule: "must be an array of tables" };
}
