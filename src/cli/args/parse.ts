import { type Flag, type Flags, type FlagValues, flagName } from "./flags.ts";
import { nearest } from "./suggest.ts";
import { UsageError } from "./usage-error.ts";

/** What was found on a command line. */
export interface ParsedArguments<F extends Flags> {
  readonly flags: FlagValues<F>;
  readonly positionals: readonly string[];
  /** `--help` or `-h` was among the flags; nothing else was checked then. */
  readonly helpAsked: boolean;
}

/** How a command line is read. */
export interface ParseOptions {
  /** Everything from the first positional on is positional, flags included: `run IMAGE ls -l`. */
  readonly stopAtFirstPositional: boolean;
  /** With it: a `--` right after the first positional is a positional, too, instead of being dropped. */
  readonly keepSeparator?: boolean;
}

/**
 * Reads flags and positionals as docker does: `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`,
 * combined letters (`-it`), `--` ends the flags. Throws UsageError that names the flag and, for an unknown one, the
 * nearest that exists.
 */
export function parseArguments<F extends Flags>(
  flags: F,
  words: readonly string[],
  options: ParseOptions,
): ParsedArguments<F> {
  const reader = new Reader(flags);
  const positionals: string[] = [];
  let index = 0;
  while (index < words.length) {
    const word = words[index] ?? "";
    index++;
    if (word === "--") {
      positionals.push(...words.slice(index));
      break;
    }
    if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
      if (!options.stopAtFirstPositional) continue;
      positionals.push(...words.slice(words[index] === "--" && !options.keepSeparator ? index + 1 : index));
      break;
    }
    const next = words[index];
    // docker gives -h to a flag of `run` (the hostname); without a value it still means help.
    if (word === "--help" || (word === "-h" && (next === undefined || !reader.hasLetter("h")))) {
      return { flags: reader.values(), positionals, helpAsked: true };
    }
    if (word.startsWith("--") ? reader.long(word, next) : reader.letters(word, next)) index++;
  }
  return { flags: reader.values(), positionals, helpAsked: false };
}

class Reader<F extends Flags> {
  private readonly byName = new Map<string, string>();
  private readonly byLetter = new Map<string, string>();
  private readonly current: Record<string, unknown> = {};
  private readonly flags: F;

  constructor(flags: F) {
    this.flags = flags;
    for (const [key, flag] of Object.entries(flags)) {
      this.byName.set(flagName(key), key);
      for (const alias of flag.aliases ?? []) this.byName.set(alias, key);
      if (flag.short !== undefined) this.byLetter.set(flag.short, key);
      this.current[key] = flag.initial;
    }
  }

  values(): FlagValues<F> {
    return this.current as FlagValues<F>;
  }

  hasLetter(letter: string): boolean {
    return this.byLetter.has(letter);
  }

  /** Takes `--name` or `--name=value`; true when it used up the next word. */
  long(word: string, next: string | undefined): boolean {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const key = this.byName.get(name);
    if (key === undefined) throw this.unknown(`--${name}`, name);
    return this.take(key, `--${name}`, equals < 0 ? undefined : word.slice(equals + 1), next);
  }

  /** Takes `-abc`, `-fvalue` or `-f=value`; true when it used up the next word. */
  letters(word: string, next: string | undefined): boolean {
    for (let index = 1; index < word.length; index++) {
      const letter = word[index] ?? "";
      const key = this.byLetter.get(letter);
      if (key === undefined) throw this.unknown(word.length === 2 ? word : `-${letter} (in ${word})`, word.slice(1));
      const rest = word.slice(index + 1);
      if (this.flagOf(key).placeholder === undefined && !rest.startsWith("=")) {
        this.take(key, `-${letter}`, undefined, undefined);
        continue;
      }
      return this.take(key, `-${letter}`, rest === "" ? undefined : rest.replace(/^=/, ""), next);
    }
    return false;
  }

  private take(key: string, shown: string, inline: string | undefined, next: string | undefined): boolean {
    const flag = this.flagOf(key);
    const needsNext = inline === undefined && flag.placeholder !== undefined;
    if (needsNext && next === undefined) {
      throw new UsageError(`Flag ${shown} needs a value: ${shown} ${flag.placeholder}`, { field: shown });
    }
    const text = inline ?? (needsNext ? (next ?? "") : "");
    try {
      this.current[key] = flag.take(this.current[key], text);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`Flag ${shown} ${error.message}`, {
        field: shown,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
    return needsNext;
  }

  private flagOf(key: string): Flag<unknown> {
    return this.flags[key] as Flag<unknown>;
  }

  private unknown(shown: string, typed: string): UsageError {
    const near = nearest(typed, [...this.byName.keys(), "help"]);
    return new UsageError(`Unknown flag ${shown}`, {
      field: shown,
      ...(near === undefined ? {} : { hint: `did you mean --${near}?` }),
    });
  }
}
