import { causeChain, KataError } from "../../base/error.ts";
import { UsageError } from "../args/usage-error.ts";
import { printable, type Style } from "./style.ts";

/** An error as scripts read it: `--json`. The shape is a contract; fields are only ever added. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly stage?: string;
  readonly field?: string;
  readonly causes: readonly string[];
  readonly hint?: string;
  readonly docs: readonly string[];
}

/** Turns whatever was thrown into the report. Causes that only repeat what stands above them are left out. */
export function reportError(thrown: unknown): ErrorReport {
  const error = KataError.from(thrown);
  const [message = "", ...chain] = causeChain(error);
  const causes: string[] = [];
  let above = message;
  for (const cause of chain) {
    if (cause !== "" && !above.includes(cause)) causes.push(cause);
    above = cause;
  }
  return {
    code: error.code,
    message,
    ...(error.stage === undefined ? {} : { stage: error.stage }),
    ...(error.field === undefined ? {} : { field: error.field }),
    causes,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    docs: error.see,
  };
}

/**
 * An error as people read it: what failed, then stage, cause, hint and where to read on, one aligned line each.
 * `helpCommand` is named in the hint of a usage error.
 */
export function renderError(thrown: unknown, style: Style, options: { readonly helpCommand?: string } = {}): string {
  const report = reportError(thrown);
  const lines = [`${style.error("error:")} ${firstLower(printable(report.message))}`];
  const add = (label: string, text: string | undefined) => {
    if (text === undefined || text === "") return;
    text
      .replace(/\n+$/, "")
      .split("\n")
      .forEach((line, index) => {
        lines.push(`  ${index === 0 ? style.dim(label.padEnd(7)) : " ".repeat(7)} ${printable(line)}`);
      });
  };
  add("stage", report.stage);
  report.causes.forEach((cause, index) => {
    add(index === 0 ? "cause" : "because", cause);
  });
  add("hint", report.hint === undefined ? undefined : firstLower(report.hint));
  const usageHelp = thrown instanceof UsageError ? options.helpCommand : undefined;
  add("see", [...report.docs, ...(usageHelp === undefined ? [] : [usageHelp])].join("     "));
  return `${lines.join("\n")}\n`;
}

/** The report as one line of JSON. */
export function renderErrorJson(thrown: unknown): string {
  return `${JSON.stringify({ error: reportError(thrown) })}\n`;
}

/** `error: ` begins the sentence, so a capital that is only a sentence's goes; acronyms and names in quotes stay. */
function firstLower(text: string): string {
  return /^[A-Z][a-z' ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
