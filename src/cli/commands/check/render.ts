import { wrap } from "../../../base/wrap.ts";
import { printable, type Style } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import type { Check, CheckReport } from "./handler.ts";
import type { Probe } from "./probe.ts";

const resultWidth = 7;
const gap = "   ";
/** Lines of more than this are broken, where there is a space. */
const width = 120;

/** Findings for people: a line each, and below what is not fine what to do. */
export function renderChecks(checks: readonly Check[], style: Style, options: { readonly verbose: boolean }): string {
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
  return `${lines.join("\n")}\n`;
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
