import { exactInteger } from "./json.ts";

/**
 * Turns an unknown value into a checked one. Absent values come as undefined; JSON's null counts as absent, because Go
 * programs write it for empty lists. Throws FieldProblem.
 */
export type Check<T> = (value: unknown) => T;

/** A value that breaks a rule. The path grows while the problem travels outwards, so that checking costs no paths. */
export class FieldProblem extends Error {
  path = "";

  /** Names the place of the value within its parent. */
  within(step: string | number): this {
    const rest = this.path === "" || this.path.startsWith("[") ? this.path : `.${this.path}`;
    this.path = typeof step === "number" ? `[${step}]${rest}` : `${step}${rest}`;
    return this;
  }
}

/** The problem "must be <rule>, got <value>". */
export function problem(rule: string, value: unknown): FieldProblem {
  return new FieldProblem(`must be ${rule}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const exact = exactInteger(value);
  if (exact !== undefined) return exact.toString();
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** An object with these fields; others are ignored. Only own properties are read. */
export function object<T extends object>(fields: { readonly [K in keyof T]: Check<T[K]> }): Check<T> {
  const entries = Object.entries(fields) as [string, Check<unknown>][];
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw problem("an object", value);
    const checked: Record<string, unknown> = {};
    let current = "";
    try {
      for (const [key, check] of entries) {
        current = key;
        const field = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
        checked[key] = check(field === null ? undefined : field);
      }
    } catch (error) {
      throw error instanceof FieldProblem ? error.within(current) : error;
    }
    return checked as T;
  };
}

/** A list, empty when absent. */
export function list<T>(item: Check<T>, max: number): Check<readonly T[]> {
  return (value) => {
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw problem("a list", value);
    if (value.length > max) throw new FieldProblem(`must have at most ${max} entries, got ${value.length}`);
    const checked: T[] = [];
    try {
      for (const entry of value) checked.push(item(entry === null ? undefined : entry));
    } catch (error) {
      throw error instanceof FieldProblem ? error.within(checked.length) : error;
    }
    return checked;
  };
}

/** Text by name, empty when absent; the result has no prototype. */
export function textMap(item: Check<string>, max: number): Check<Readonly<Record<string, string>>> {
  return (value) => {
    const checked: Record<string, string> = Object.create(null);
    if (value === undefined) return checked;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw problem("an object", value);
    const keys = Object.keys(value);
    if (keys.length > max) throw new FieldProblem(`must have at most ${max} entries, got ${keys.length}`);
    for (const key of keys) {
      try {
        checked[key] = item((value as Record<string, unknown>)[key]);
      } catch (error) {
        throw error instanceof FieldProblem ? error.within(`[${JSON.stringify(key)}]`) : error;
      }
    }
    return checked;
  };
}

/** Undefined when absent. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value) => (value === undefined ? undefined : check(value));
}

/** `fallback` when absent. */
export function withDefault<T>(check: Check<T>, fallback: T): Check<T> {
  return (value) => (value === undefined ? fallback : check(value));
}

export const bool: Check<boolean> = (value) => {
  if (value === undefined) return false;
  if (typeof value !== "boolean") throw problem("true or false", value);
  return value;
};

/** Text without NUL bytes. */
export const text: Check<string> = (value) => {
  if (typeof value !== "string" || value.includes("\0")) throw problem("text without NUL bytes", value);
  return value;
};

/** Text of a form; `rule` completes "must be". */
export function matching(form: RegExp, rule: string): Check<string> {
  return (value) => {
    if (typeof value !== "string" || !form.test(value)) throw problem(rule, value);
    return value;
  };
}

/** One of a closed list of words. */
export function oneOf<T extends string>(words: readonly T[]): Check<T> {
  const known: ReadonlySet<unknown> = new Set(words);
  return (value) => {
    if (!known.has(value)) throw problem(`one of ${words.join(", ")}`, value);
    return value as T;
  };
}

/** A whole number that fits a double exactly. */
export function integer(min: number, max: number): Check<number> {
  return (value) => {
    const exact = exactInteger(value);
    if (exact === undefined || exact < min || exact > max) throw problem(`a whole number from ${min} to ${max}`, value);
    return Number(exact);
  };
}

/** A whole number of up to 64 bits. */
export function bigInteger(min: bigint, max: bigint): Check<bigint> {
  return (value) => {
    const exact = exactInteger(value);
    if (exact === undefined || exact < min || exact > max) throw problem(`a whole number from ${min} to ${max}`, value);
    return exact;
  };
}

export const uint32 = integer(0, 0xffffffff);
export const int64 = bigInteger(-(1n << 63n), (1n << 63n) - 1n);
export const uint64 = bigInteger(0n, (1n << 64n) - 1n);

/** An absolute path without `..` or NUL, tidied: no empty or `.` components, no slash at the end. */
export const absolutePath: Check<string> = (value) => {
  if (typeof value !== "string" || value[0] !== "/" || value.length > 4095 || /\0|\/\.\.(?:\/|$)/.test(value)) {
    throw problem("an absolute path without ..", value);
  }
  return UNTIDY.test(value) ? `/${value.split("/").filter(meaningful).join("/")}` : value;
};
const UNTIDY = /\/\.?(?:\/|$)/;
const meaningful = (component: string) => component !== "" && component !== ".";
