import type { TomlValue } from "./toml.ts";

/**
 * One configuration key: everything that reading, checking, explaining and writing it needs.
 *
 * To add a key: add it to the table in `schema/`, in the place where it shall stand in the written file; use its value in
 * `resolve.ts`; rules that concern several keys go to `rules.ts`. The reference and the shipped file follow from here.
 */
export interface Key<T> {
  /** What may be written, for documentation: `string`, `integer`, `true or false`... */
  readonly type: string;
  /** `MiB`, `seconds`... */
  readonly unit?: string;
  /** The value when the key is absent. */
  readonly fallback: T;
  /** One sentence without a final period. */
  readonly meaning: string;
  /** Completes "KEY: ..." when the value is wrong. */
  readonly rule: string;
  /** The only values, if there are few. */
  readonly choices?: readonly string[];
  /** Not one of upstream Kata's keys. */
  readonly ours?: boolean;
  /** The checked value; undefined when it breaks the rule. */
  accept(value: TomlValue): T | undefined;
}

/** A table of the file: its keys in the order in which they are written. */
export type Keys = Readonly<Record<string, Key<unknown>>>;
/** What a table holds after reading. */
export type ValuesOf<K extends Keys> = { readonly [N in keyof K]: K[N] extends Key<infer T> ? T : never };

/** What is said about every key. */
interface About<T> {
  readonly fallback: T;
  readonly meaning: string;
  readonly unit?: string;
  readonly ours?: boolean;
}

/** `true` or `false`. */
export function flag(about: About<boolean>): Key<boolean> {
  return {
    type: "true or false",
    rule: "must be true or false",
    accept: (value) => (typeof value === "boolean" ? value : undefined),
    ...about,
  };
}

/** A string of at most 4096 characters without control characters, restricted by `pattern`. */
export function text(about: About<string> & { pattern?: RegExp; rule?: string }): Key<string> {
  const { pattern, rule, ...rest } = about;
  return {
    type: "string",
    rule: rule ?? "must be a string of at most 4096 characters without control characters",
    accept: (value) => (isPlainText(value) && (pattern?.test(value) ?? true) ? value : undefined),
    ...rest,
  };
}

/** An absolute path, or nothing if `optional`. Whether the file exists is checked where it is used. */
export function path(about: About<string> & { optional?: boolean }): Key<string> {
  const { optional, ...rest } = about;
  return {
    type: "path",
    rule: optional ? "must be an absolute path, or empty" : "must be an absolute path",
    accept(value) {
      if (!isPlainText(value)) return undefined;
      return value.startsWith("/") || (value === "" && optional === true) ? value : undefined;
    },
    ...rest,
  };
}

/** One of a few words. */
export function choice<T extends string>(choices: readonly T[], about: About<NoInfer<T>>): Key<T> {
  return {
    type: "string",
    rule: choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(", ")}`,
    choices,
    accept: (value) => choices.find((one) => one === value),
    ...about,
  };
}

/** A whole number within bounds; the bounds are part of the rule. */
export function integer(about: About<number> & { min: number; max?: number; rule?: string }): Key<number> {
  const { min, max = Number.MAX_SAFE_INTEGER, rule, ...rest } = about;
  const upTo = about.max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    type: "integer",
    rule: rule ?? `must be a whole number ${upTo}`,
    accept: (value) =>
      Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined,
    ...rest,
  };
}

/** A number, possibly with a fraction. */
export function decimal(about: About<number> & { max: number; rule: string }): Key<number> {
  const { max, ...rest } = about;
  return {
    type: "number",
    accept: (value) => (typeof value === "number" && Number.isFinite(value) && value <= max ? value : undefined),
    ...rest,
  };
}

/** An array of strings. */
export function textList(about: About<readonly string[]>): Key<readonly string[]> {
  return {
    type: "array of strings",
    rule: "must be an array of strings",
    accept(value) {
      if (!Array.isArray(value)) return undefined;
      const texts = value.filter(isPlainText);
      return texts.length === value.length ? texts : undefined;
    },
    ...about,
  };
}

function isPlainText(value: unknown): value is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
  return typeof value === "string" && value.length <= 4096 && !/[\x00-\x1f\x7f]/.test(value);
}
