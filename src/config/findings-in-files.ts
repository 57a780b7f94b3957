import { shown } from "../base/shown.ts";
import { type Document, placeIn } from "./document.ts";
import type { Finding, FindingCode, Severity } from "./finding.ts";

/** More are of no help to anybody, and a hostile file could have a million. */
const maxFindings = 200;
/** Finding out what was meant takes time. */
const maxSuggestions = 40;

/** What is said about one place of a file. */
export interface Remark {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** The names from the root on. */
  readonly path: readonly string[];
  /** Offset into the file's text. */
  readonly at: number;
  readonly rule: string;
  readonly got?: string;
  /** What may have been meant; only asked for while there is time. */
  readonly meant?: () => string | undefined;
}

/** Findings about files, in the order of their lines. There is an end to them, which is told. */
export class FindingsInFiles {
  private readonly findings: Finding[] = [];
  private document: Document | undefined;
  private remarks: Remark[] = [];
  private suggestions = 0;
  private listed = 0;
  private unlisted: { readonly worst: Remark; readonly count: number } | undefined;

  /** What is told from now on is about this file. */
  begin(document: Document): void {
    this.finish();
    this.document = document;
  }

  tell(remark: Remark): void {
    if (this.listed < maxFindings) {
      this.listed++;
      this.remarks.push(remark);
      return;
    }
    const { worst = remark, count = 0 } = this.unlisted ?? {};
    const worse = ranks.indexOf(remark.severity) < ranks.indexOf(worst.severity) ? remark : worst;
    this.unlisted = { worst: worse, count: count + 1 };
  }

  /** Everything that was told. */
  list(): readonly Finding[] {
    this.finish();
    return this.findings;
  }

  private finish(): void {
    const { document, unlisted } = this;
    if (document === undefined) return;
    this.remarks.sort((a, b) => a.at - b.at);
    for (const remark of this.remarks) this.findings.push(this.finding(document, remark));
    this.remarks = [];
    if (unlisted === undefined) return;
    const { severity, code } = unlisted.worst;
    const rule = `has ${unlisted.count} more problems, which are not listed; the worst is ${severityWords[severity]}`;
    this.findings.push({ severity, code, place: { kind: "whole-file", file: document.file }, key: "", rule });
    this.unlisted = undefined;
  }

  private finding(document: Document, { severity, code, path, at, rule, got, meant }: Remark): Finding {
    const suggestion = meant !== undefined && this.suggestions++ < maxSuggestions ? meant() : undefined;
    return {
      severity,
      code,
      place: placeIn(document, at),
      key: path.map(keyPart).join("."),
      rule,
      ...(got === undefined ? {} : { got }),
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  }
}

const severityWords: Readonly<Record<Severity, string>> = {
  error: "an error",
  unsupported: "unsupported",
  warning: "a warning",
  note: "a note",
};
const ranks = Object.keys(severityWords);

/** A name as it may stand in a message. */
function keyPart(name: string): string {
  return /^[\w-]{1,64}(\[\d+\])?$/.test(name) ? name : shown(name);
}
