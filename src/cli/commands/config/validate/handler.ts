import { causeChain } from "../../../../base/error.ts";
import { type Finding, findingText, type Severity } from "../../../../config/finding.ts";
import { absolutePath, type CommandContext } from "../../../context.ts";
import { examine } from "../examine.ts";

/** What was found in one configuration. */
export interface ValidatedConfiguration {
  /** Main file first, then its drop-ins. */
  readonly files: readonly string[];
  /** By file and line; what stands in no file comes last. */
  readonly findings: readonly Finding[];
}

/** One finding as scripts read it. The shape is a contract; fields are only ever added. */
export interface FindingJson {
  readonly severity: Severity;
  readonly code: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly key: string;
  readonly rule: string;
  readonly got: string | null;
  readonly suggestion: string | null;
  /** All of it in one line. */
  readonly text: string;
}

/**
 * Examines a configuration and sorts what there is to say. A given file that cannot be read is a finding, so that the others
 * are looked at as well; without a given one KataError `not-found` is thrown when there is no configuration.
 */
export function validateConfiguration(
  context: CommandContext,
  options: { readonly file?: string; readonly hostFiles: boolean },
): ValidatedConfiguration {
  try {
    const { files, findings } = examine(context, options);
    return { files, findings: sortFindings(findings, files) };
  } catch (error) {
    if (options.file === undefined) throw error;
    const file = absolutePath(context.sys, options.file);
    const rule = `cannot be read: ${causeChain(error).at(-1)}`;
    const place = { kind: "whole-file", file } as const;
    return { files: [file], findings: [{ severity: "error", code: "unreadable-file", place, key: "", rule }] };
  }
}

/** Whether everything is as it should be: notes do not matter. */
export function isValid({ findings }: ValidatedConfiguration): boolean {
  return findings.every(({ severity }) => severity === "note");
}

/** Findings by file, in the order in which the files were read, then by line and column. */
export function sortFindings(findings: readonly Finding[], files: readonly string[]): Finding[] {
  const rank = ({ place }: Finding): readonly [number, number, number] => {
    if (place.kind === "annotation" || place.kind === "nowhere") return [files.length + 1, 0, 0];
    const index = files.indexOf(place.file);
    const file = index < 0 ? files.length : index;
    return place.kind === "file" ? [file, place.line, place.column] : [file, 0, 0];
  };
  return findings
    .map((finding) => ({ finding, at: rank(finding) }))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1] || a.at[2] - b.at[2])
    .map(({ finding }) => finding);
}

/** A finding for `--json`. */
export function findingJson(finding: Finding): FindingJson {
  const { place, severity, code, key, rule, got, suggestion } = finding;
  return {
    severity,
    code,
    file: "file" in place ? place.file : null,
    line: place.kind === "file" ? place.line : null,
    column: place.kind === "file" ? place.column : null,
    key,
    rule,
    got: got ?? null,
    suggestion: suggestion ?? null,
    text: findingText(finding),
  };
}
