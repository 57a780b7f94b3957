import { UsageError } from "./usage-error.ts";

/**
 * One flag, as data: help text, completion and validation are all made from it. `T` is the type of its value; its
 * name on the command line is the key it stands under, in kebab case (`envFile` is `--env-file`).
 */
export interface Flag<T> {
  /** One letter, docker's where docker has one. */
  readonly short?: string;
  /** Other long names, as other programs call it; help does not show them. */
  readonly aliases?: readonly string[];
  /** What stands for the value in help, such as `KEY=VALUE`; absent for flags without a value. */
  readonly placeholder?: string;
  /** One line, no final period. */
  readonly help: string;
  /** Heading in the help text; absent: the command's first group. */
  readonly group?: string;
  readonly hidden?: boolean;
  readonly choices?: readonly string[];
  readonly initial: T;
  /** The new value after one more occurrence. Throws UsageError (without naming the flag) when `text` is not acceptable. */
  take(current: T, text: string): T;
}

/** The flags of a command by key. */
// biome-ignore lint/suspicious/noExplicitAny: a flag of any value type; `Flag<unknown>` would refuse them, as T is also an input.
export type Flags = Readonly<Record<string, Flag<any>>>;

/** The values that a command line gives to `F`. */
export type FlagValues<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** What every kind of flag takes. */
export interface FlagOptions {
  readonly short?: string;
  readonly aliases?: readonly string[];
  readonly help: string;
  readonly group?: string;
  readonly hidden?: boolean;
}
type ValueOptions = FlagOptions & { readonly placeholder: string };

/** `--name`; `--name=false` takes it back. */
export function toggle(options: FlagOptions): Flag<boolean> {
  return { ...options, initial: false, take: (_, text) => parseBoolean(text) };
}

/** A toggle that knows "not said": for what is detected when the user does not decide. */
export function autoToggle(options: FlagOptions): Flag<boolean | undefined> {
  return { ...options, initial: undefined, take: (_, text) => parseBoolean(text) };
}

/** `--name VALUE`; the last one wins. */
export function text(options: ValueOptions): Flag<string | undefined> {
  return { ...options, initial: undefined, take: (_, value) => value };
}

/** `--name VALUE`, converted and checked by `parse`, which throws UsageError. */
export function parsed<T>(parse: (text: string) => T, options: ValueOptions): Flag<T | undefined> {
  return { ...options, initial: undefined, take: (_, value) => parse(value) };
}

/** `--name VALUE`, as often as wanted. */
export function list<T>(parse: (text: string) => T, options: ValueOptions): Flag<readonly T[]> {
  return { ...options, initial: [], take: (current, value) => [...current, parse(value)] };
}

/** `--name VALUE` with a closed set of values. */
export function choice<const C extends string>(
  choices: readonly C[],
  options: FlagOptions & { readonly initial: C },
): Flag<C> {
  return {
    ...options,
    choices,
    placeholder: choices.join("|"),
    take: (_, value) => {
      const found = choices.find((candidate) => candidate === value);
      if (found === undefined) throw new UsageError(`must be one of ${choices.join(", ")}; got "${value}"`);
      return found;
    },
  };
}

function parseBoolean(value: string): boolean {
  if (value === "" || value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new UsageError(`must be true or false; got "${value}"`);
}

/** The name on the command line of the flag that stands under `key`: `envFile` becomes `env-file`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
