import { KataError } from "../base/error.ts";
import { formatLogfmt, Logger } from "../base/logger.ts";
import { configPaths, programDirectory } from "../config/find.ts";
import { isErrno } from "../sys/error.ts";
import type { Loop } from "../sys/loop.ts";
import type { Sys } from "../sys/sys.ts";
import { writeFully } from "../sys/write-fully.ts";
import type { Command, CommandEntry } from "./args/command.ts";
import type { Flags } from "./args/flags.ts";
import { renderCommandHelp, renderOverview } from "./args/help.ts";
import { parseArguments } from "./args/parse.ts";
import { nearest } from "./args/suggest.ts";
import { UsageError } from "./args/usage-error.ts";
import { commandTable } from "./command-table.ts";
import { absolutePath, type CommandContext } from "./context.ts";
import { type GlobalValues, globalFlags } from "./global-flags.ts";
import { renderError, renderErrorJson } from "./output/error.ts";
import { Output } from "./output/output.ts";
import { chooseStyle, plainStyle } from "./output/style.ts";
import { ctlPaths } from "./state/paths.ts";

const usageCode = 2;
const failureCode = 1;

/** What the program is, once: the parts of the environment that everything below is given. */
export interface AppDeps {
  readonly sys: Sys;
  readonly loop: Loop;
}

/** Reads the command line, runs the command, shows its error if it throws one, and returns the exit code. */
export async function runApp(deps: AppDeps, argv: readonly string[]): Promise<number> {
  const program = (argv[0] ?? "").replace(/^.*\//, "") || "kata-ctl";
  const words = argv.slice(1);
  const app = new App(deps, program);
  try {
    return await app.run(words);
  } catch (error) {
    // Nobody reads our output any more: `kata-ctl logs web | head` is no failure of ours.
    if (isErrno(error, "EPIPE")) return failureCode;
    return app.fail(error, words);
  }
}

class App {
  private readonly deps: AppDeps;
  private readonly program: string;
  private entry: CommandEntry | undefined;
  private command: Command | undefined;
  private global: GlobalValues | undefined;

  constructor(deps: AppDeps, program: string) {
    this.deps = deps;
    this.program = program;
  }

  async run(words: readonly string[]): Promise<number> {
    const before = parseArguments(globalFlags, words[0] === "--version" ? ["version"] : words, {
      stopAtFirstPositional: true,
      keepSeparator: true,
    });
    this.global = before.flags;
    if (before.flags.showDefaultConfigPaths) return this.defaultConfigPaths();
    const [name, ...rest] = before.positionals;
    if (before.helpAsked || name === undefined) return this.overview(false);
    if (name === "help") return this.help(rest);
    const { entry, consumed } = findCommand(before.positionals);
    this.entry = entry;
    const { command } = await entry.load();
    this.command = command;
    const flags: Flags = { ...withValues(before.flags), ...command.flags };
    const parsed = parseArguments(flags, before.positionals.slice(consumed), {
      stopAtFirstPositional: command.stopAtFirstPositional ?? false,
    });
    this.global = parsed.flags as unknown as GlobalValues;
    if (parsed.helpAsked) return this.commandHelp(entry, command);
    if (this.global.showDefaultConfigPaths) return this.defaultConfigPaths();
    countPositionals(entry, command, parsed.positionals);
    return command.run(this.context(this.global), { flags: parsed.flags, args: parsed.positionals });
  }

  /** Shows an error and returns the exit code that goes with it. */
  fail(caught: unknown, words: readonly string[]): number {
    const thrown = this.withRootHint(caught);
    // Without a command nobody has read the flags behind its name yet.
    const asJson = this.global?.json === true || (this.command === undefined && words.includes("--json"));
    const { sys } = this.deps;
    const helpCommand = this.entry === undefined ? `${this.program} help` : `${this.program} ${this.entry.name} --help`;
    const text = asJson ? renderErrorJson(thrown) : renderError(thrown, this.output(2).style, { helpCommand });
    writeFully(sys, 2, text);
    if (thrown instanceof UsageError) return usageCode;
    return this.command?.failureCode?.(KataError.from(thrown)) ?? failureCode;
  }

  /** Containers and images are root's; whoever is somebody else is told so instead of being left with an errno. */
  private withRootHint(caught: unknown): unknown {
    const error = KataError.from(caught);
    if (error.code !== "permission-denied" || error.hint !== undefined || this.deps.sys.uid() === 0) return caught;
    return KataError.wrap(error, "This needs root", {
      hint: `try: sudo ${this.program} ${this.entry?.name ?? ""}`.trimEnd(),
    });
  }

  private async help(words: readonly string[]): Promise<number> {
    const wanted = words.filter((word) => !word.startsWith("-"));
    if (wanted.length === 0) return this.overview(words.includes("--all"));
    const { entry } = findCommand(wanted);
    const { command } = await entry.load();
    return this.commandHelp(entry, command);
  }

  private async overview(all: boolean): Promise<number> {
    const out = this.output(1);
    await out.write(renderOverview(this.program, commandTable, globalFlags, out.style, { all }));
    return 0;
  }

  /** kata-runtime's flag; `config paths` tells more. */
  private async defaultConfigPaths(): Promise<number> {
    const paths = configPaths(programDirectory(this.deps.sys));
    await this.output(1).write(paths.map((path) => `${path}\n`).join(""));
    return 0;
  }

  private async commandHelp(entry: CommandEntry, command: Command): Promise<number> {
    const out = this.output(1);
    await out.write(renderCommandHelp(this.program, entry, command, globalFlags, out.style));
    return 0;
  }

  private output(fd: 1 | 2): Output {
    const { sys } = this.deps;
    const terminal = sys.isTerminal(fd);
    const facts = { terminal, noColor: sys.env("NO_COLOR"), term: sys.env("TERM") };
    const style = this.global === undefined ? plainStyle : chooseStyle(this.global.color, facts);
    return new Output(this.deps, { fd, terminal, style });
  }

  private context(global: GlobalValues): CommandContext {
    const { loop, sys } = this.deps;
    const root = global.root ?? sys.env("KATA_CTL_ROOT");
    const logger = new Logger(
      { sink: (record) => writeFully(sys, 2, `${formatLogfmt(record)}\n`), wallMs: () => loop.wallMs() },
      { level: global.debug ? "debug" : "warn" },
    );
    return {
      sys,
      loop,
      logger,
      program: this.program,
      global: { ...global, config: global.config && absolutePath(sys, global.config) },
      paths: ctlPaths(
        root === undefined ? undefined : absolutePath(sys, root).replace(/\/+$/, ""),
        global.namespace ?? "default",
      ),
      out: this.output(1),
      err: this.output(2),
    };
  }
}

/** The global flags with what stood before the command as their initial values. */
function withValues(values: GlobalValues): Flags {
  return Object.fromEntries(
    Object.entries(globalFlags).map(([key, flag]) => [key, { ...flag, initial: values[key as keyof GlobalValues] }]),
  );
}

function findCommand(words: readonly string[]): { readonly entry: CommandEntry; readonly consumed: number } {
  for (const consumed of [2, 1]) {
    const name = words.slice(0, consumed).join(" ");
    const entry = commandTable.find((candidate) => candidate.name === name || candidate.aliases?.includes(name));
    if (entry !== undefined) return { entry, consumed };
  }
  const [first = "", second] = words;
  const group = commandTable.filter((entry) => entry.name.startsWith(`${first} `)).map((entry) => entry.name);
  if (group.length > 0) {
    const shown = second === undefined ? `${first} needs a command of its own` : `Unknown command "${first} ${second}"`;
    throw new UsageError(shown, { hint: `there is: ${group.join(", ")}` });
  }
  const shown = commandTable.filter((entry) => !entry.hidden);
  const names = shown.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]);
  const near = nearest(first, names);
  throw new UsageError(`Unknown command "${first}"`, near === undefined ? {} : { hint: `did you mean ${near}?` });
}

function countPositionals(entry: CommandEntry, command: Command, positionals: readonly string[]): void {
  const { minimum, maximum } = command.positionals;
  if (positionals.length < minimum) throw new UsageError(`Missing argument: ${entry.name} ${command.usage}`);
  if (positionals.length > maximum) {
    throw new UsageError(
      `Too many arguments, beginning with "${positionals[maximum]}": ${entry.name} ${command.usage}`,
    );
  }
}
