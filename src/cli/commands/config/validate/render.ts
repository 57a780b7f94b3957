import { type Finding, findingText, type Severity } from "../../../../config/finding.ts";
import { printable, type Style } from "../../../output/style.ts";
import { isValid, type ValidatedConfiguration } from "./handler.ts";

const severities: readonly Severity[] = ["error", "unsupported", "warning", "note"];

/** Every finding on a line of its own, its severity at the end, then the sum. */
export function renderFindings(configuration: ValidatedConfiguration, style: Style): string {
  const { findings } = configuration;
  const lines = findings.map((finding) => `${printable(findingText(finding))} ${badge(finding, style)}`);
  return `${[...lines, summary(configuration)].join("\n")}\n`;
}

function badge({ severity }: Finding, style: Style): string {
  const text = `[${severity}]`;
  if (severity === "note") return style.dim(text);
  return severity === "warning" ? style.warn(text) : style.error(text);
}

function summary(configuration: ValidatedConfiguration): string {
  const { files, findings } = configuration;
  const [main = "", ...dropIns] = files;
  const what = `${printable(main)}${dropIns.length === 0 ? "" : ` and ${counted(dropIns.length, "drop-in")}`}`;
  const counts = severities
    .map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => (severity === "unsupported" ? `${count} unsupported` : counted(count, severity)));
  const verdict = isValid(configuration) ? "valid" : "not valid";
  return `${what}: ${[verdict, ...counts].join(", ")}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
