import type { KataError } from "../../base/error.ts";
import type { CommandContext } from "../context.ts";
import type { Flags, FlagValues } from "./flags.ts";

/** Headings of the overview, in order. */
export const commandGroups = ["Containers", "Images", "Guest", "Configuration", "Other"] as const;
export type CommandGroup = (typeof commandGroups)[number];

/** One line that a reader can try. */
export interface Example {
  readonly line: string;
  readonly what: string;
}

/** What a command is given: its flags' values and its positionals, counted already. */
export interface CommandInput<F extends Flags> {
  readonly flags: FlagValues<F>;
  readonly args: readonly string[];
}

/** A command's declaration: help and parsing are made from it. */
export interface CommandDeclaration<F extends Flags = Flags> {
  /** What follows the name: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  /** Paragraphs below the usage line. */
  readonly description?: string;
  readonly examples: readonly Example[];
  readonly flags: F;
  /** How many positionals it takes. */
  readonly positionals: { readonly minimum: number; readonly maximum: number };
  /** The first positional ends the flags, as the rest belongs to a program in the container. */
  readonly stopAtFirstPositional?: boolean;
  /** Exit code of a failure that is not the command line's: 1 unless said otherwise. */
  failureCode?(error: KataError): number;
  /** Does the work, writes the result and returns the exit code. */
  run(context: CommandContext, input: CommandInput<F>): Promise<number>;
}

/** A command whose flag types are forgotten, as the table of all commands keeps it. */
export type Command = CommandDeclaration;

/** Declares a command; only there to infer the types of its flags. */
export function defineCommand<F extends Flags>(declaration: CommandDeclaration<F>): Command {
  return declaration as unknown as Command;
}

/** A command as the overview shows it; its declaration is loaded when it is called. */
export interface CommandEntry {
  /** The words that call it: `run`, or `guest build`. */
  readonly name: string;
  readonly group: CommandGroup;
  /** Other names, which upstream and similar programs use. */
  readonly aliases?: readonly string[];
  /** One line, no final period. */
  readonly summary: string;
  /** Not in any overview: for our own use. */
  readonly hidden?: boolean;
  load(): Promise<{ readonly command: Command }>;
}
