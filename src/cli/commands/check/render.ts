import { wrap } from "../../../base/wrap.ts";
import { printable, type Style } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import type { Check, CheckReport } from "./handler.ts";
import { noConfiguration, type Probe } from "./probe.ts";

const resultWidth = 7;
const gap = "   ";
/** Lines of more than this are broken, where there is a space. */
const width = 120;

/** How to show findings. */
interface View {
  /** Details also of what is fine. */
  readonly verbose: boolean;
  /** Warnings count as failures. */
  readonly strict: boolean;
}

/** Findings for people: a line each, and below what is not fine what to do. */
export function renderChecks(all: readonly Check[], style: Style, options: View): string {
  const checks = options.verbose ? all : withoutRepetition(all);
  const titleWidth = Math.max(...checks.map(({ title }) => title.length), "CHECK".length);
  const line = (result: string, title: string, text: string) =>
    `${result}${gap}${title.padEnd(titleWidth)}${gap}${text}`.trimEnd();
  const lines = [style.heading(line("RESULT".padEnd(resultWidth), "CHECK", "REASON"))];
  const colours: Readonly<Record<Check["result"], (text: string) => string>> = {
    ok: style.good,
    warning: style.warn,
    failed: style.error,
    skipped: style.dim,
  };
  const indent = " ".repeat(resultWidth + titleWidth + 2 * gap.length);
  const broken = (text: string) => wrap(printable(text), width - indent.length);
  for (const { details, reason, remedy, result, title } of checks) {
    const [first = "", ...rest] = broken(reason);
    lines.push(line(colours[result](result.padEnd(resultWidth)), title, first));
    for (const more of rest) lines.push(indent + more);
    const isTold = options.verbose || result === "warning" || result === "failed";
    for (const more of isTold ? details.flatMap(broken) : []) lines.push(indent + style.dim(more));
    const advice = remedy === null ? [] : wrap(printable(remedy), width - indent.length - 5);
    for (const [index, more] of advice.entries()) lines.push(`${indent}${index === 0 ? "fix: " : "     "}${more}`);
  }
  const warnings = all.filter(({ result }) => result === "warning").length;
  if (options.strict && warnings > 0) {
    const count = warnings === 1 ? "1 warning counts as a failure" : `${warnings} warnings count as failures`;
    lines.push("", `${count}, as --strict demands`);
  }
  return `${lines.join("\n")}\n`;
}

/** Those that a configuration would be needed for are one line: the mistake is what matters. */
function withoutRepetition(checks: readonly Check[]): readonly Check[] {
  const waiting = checks.filter(({ reason }) => reason === noConfiguration.reason);
  const [first] = waiting;
  if (first === undefined) return checks;
  const rest = checks.filter((check) => !waiting.includes(check));
  return [...rest, { ...first, title: `${waiting.length} more`, reason: "they need a configuration that loads" }];
}

/** Upstream's last lines, word by word: scripts look for them. The failure belongs on standard error. */
export function renderVerdict({ canCreate, ok }: CheckReport): string {
  if (!ok) return "ERROR: System is not capable of running Kata Containers\n";
  const now = canCreate ? "System can currently create Kata Containers\n" : "";
  return `System is capable of running Kata Containers\n${now}`;
}

/** What is looked at, without looking. */
export function renderProbes(probes: readonly Probe[], asJson: boolean): string {
  if (asJson)
    return `${JSON.stringify(
      probes.map(({ id, needed, title }) => ({ id, title, needed })),
      undefined,
      2,
    )}\n`;
  return renderTable(
    ["NAME", "NEEDED", "WHAT"],
    probes.map(({ id, needed, title }) => [id, needed, title]),
  );
}
