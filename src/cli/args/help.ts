import { wrap } from "../../base/wrap.ts";
import type { Style } from "../output/style.ts";
import { type Command, type CommandEntry, commandGroups } from "./command.ts";
import { type Flag, type Flags, flagName } from "./flags.ts";

const width = 100;

/** The overview: all commands by group, then the flags that every command takes. */
export function renderOverview(
  program: string,
  commands: readonly CommandEntry[],
  globalFlags: Flags,
  style: Style,
  options: { readonly all: boolean },
): string {
  const shown = commands.filter((command) => options.all || !command.hidden);
  const lines = [
    "Run OCI containers, each inside its own lightweight virtual machine.",
    "",
    `${style.heading("Usage:")} ${program} [OPTIONS] COMMAND [ARG...]`,
  ];
  for (const group of commandGroups) {
    const members = shown.filter((command) => command.group === group);
    if (members.length === 0) continue;
    lines.push("", style.heading(`${group}:`));
    lines.push(...columns(members.map((command) => [command.name, command.summary])));
  }
  lines.push("", style.heading("Options (before or after the command):"), ...flagLines(globalFlags));
  lines.push("", style.heading("Try:"));
  lines.push(`  ${program} run --rm busybox uname -a`);
  lines.push(`  ${program} help run`);
  return `${lines.join("\n")}\n`;
}

/** Everything about one command. */
export function renderCommandHelp(
  program: string,
  entry: CommandEntry,
  command: Command,
  globalFlags: Flags,
  style: Style,
): string {
  const lines = [`${style.heading("Usage:")} ${program} ${entry.name} ${command.usage}`.trimEnd(), ""];
  lines.push(...wrap(`${entry.summary}.`, width));
  if (entry.aliases !== undefined) lines.push("", `Other names: ${entry.aliases.join(", ")}.`);
  if (command.description !== undefined) {
    for (const paragraph of command.description.split("\n\n")) lines.push("", ...wrap(paragraph, width));
  }
  for (const [group, flags] of groupFlags(command.flags)) {
    lines.push("", style.heading(`${group}:`), ...flagLines(flags));
  }
  const names = Object.entries(globalFlags).flatMap(([key, { hidden }]) => (hidden ? [] : [`--${flagName(key)}`]));
  lines.push("", `${style.heading("Global options:")} ${names.join(" ")} (see ${program} help)`);
  if (command.examples.length > 0) {
    lines.push("", style.heading("Examples:"));
    for (const { line, what } of command.examples) lines.push(`  ${style.dim(`# ${what}`)}`, `  ${program} ${line}`);
  }
  return `${lines.join("\n")}\n`;
}

function groupFlags(flags: Flags): Map<string, Flags> {
  const groups = new Map<string, Record<string, Flag<unknown>>>();
  for (const [key, flag] of Object.entries(flags)) {
    const title = flag.group ?? "Options";
    const members = groups.get(title) ?? {};
    members[key] = flag;
    groups.set(title, members);
  }
  return groups;
}

function flagLines(flags: Flags): string[] {
  const rows: [string, string][] = [];
  for (const [key, flag] of Object.entries(flags)) {
    if (flag.hidden) continue;
    const letter = flag.short === undefined ? "    " : `-${flag.short}, `;
    const value = flag.placeholder === undefined ? "" : ` ${flag.placeholder}`;
    const initial = flag.choices === undefined ? "" : ` (default ${String(flag.initial)})`;
    rows.push([`${letter}--${flagName(key)}${value}`, flag.help + initial]);
  }
  return columns(rows);
}

/** Two columns, the second wrapped; a first column that is too long stands on its own line. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const first = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  const lines: string[] = [];
  for (const [left, right] of rows) {
    const wrapped = wrap(right, width - first - 4);
    if (left.length > first) lines.push(`  ${left}`);
    else lines.push(`  ${left.padEnd(first)}  ${wrapped.shift() ?? ""}`.trimEnd());
    for (const line of wrapped) lines.push(" ".repeat(first + 4) + line);
  }
  return lines;
}
