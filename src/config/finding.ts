import { cut } from "../base/cut.ts";
import { KataError } from "../base/error.ts";
import { nearest } from "../base/nearest.ts";
import { printTomlValue } from "./toml/print.ts";
import { TomlTable, type TomlValue } from "./toml/value.ts";

/**
 * How bad it is. `error`: no sandbox starts with it. `unsupported`: valid, but kata-ts cannot do it, so no sandbox starts
 * either. `warning`: probably a mistake; `config validate` fails. `note`: worth knowing.
 */
export type Severity = "error" | "unsupported" | "warning" | "note";

/** What kind of mistake it is; closed, for scripts. */
export type FindingCode =
  | "syntax"
  | "unreadable-file"
  | "unknown-table"
  | "unknown-hypervisor"
  | "unknown-key"
  | "wrong-value"
  | "conflict"
  | "missing-value"
  | "bad-file"
  | "not-for-hypervisor"
  | "retired"
  | "overridden"
  | "ignored"
  | "unsupported"
  | "annotation-unknown"
  | "annotation-refused"
  | "annotation-value";

/** Where something stands: in a file (line and column from 1), in a pod's annotation, or nowhere. */
export type Place =
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "whole-file"; readonly file: string }
  | { readonly kind: "annotation"; readonly name: string }
  | { readonly kind: "nowhere" };

/** One thing to be said about the configuration. */
export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  readonly place: Place;
  /** The key by its path, `hypervisor.qemu.shared_fs`; empty when it is about a whole file. */
  readonly key: string;
  /** Completes "KEY: ...". */
  readonly rule: string;
  /** What stands there, as it would be written; absent when it is not about a value. */
  readonly got?: string;
  /** What may have been meant, as it would be written. */
  readonly suggestion?: string;
}

/** An error travels to containerd and into its log; more lines are for `config validate`. */
const maxLines = 50;

/** A configuration that cannot be used: the findings that stop a start, one a line, up to 50 of them. */
export class ConfigError extends KataError {
  readonly findings: readonly Finding[];

  /** `findings` must hold an error or something unsupported. */
  constructor(findings: readonly Finding[]) {
    const fatal = findings.filter(isFatal);
    const lines = fatal.slice(0, maxLines).map(findingText);
    if (fatal.length > maxLines) {
      lines.push(`and ${fatal.length - maxLines} more; kata-ctl config validate lists them all`);
    }
    const onlyUnsupported = fatal.every(({ severity }) => severity === "unsupported");
    const annotation = fatal.every(({ place }) => place.kind === "annotation");
    super(
      onlyUnsupported ? "unimplemented" : "invalid-argument",
      lines.length === 1 ? (lines[0] ?? "") : [`The configuration has ${fatal.length} problems`, ...lines].join("\n  "),
      {
        stage: "load-config",
        field: fatal[0]?.key ?? "",
        hint: annotation
          ? "Correct the pod's annotations, or let the operator allow them"
          : "Correct the file, or use another one with --config or KATA_CONF_FILE",
      },
    );
    this.name = "ConfigError";
    this.findings = findings;
  }

  /** A KataError with findings, also of another copy of this module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return KataError[Symbol.hasInstance](value) && Array.isArray((value as { findings?: unknown }).findings);
  }
}

/** Whether no sandbox can start with it. */
export function isFatal({ severity }: Finding): boolean {
  return severity === "error" || severity === "unsupported";
}

/** `FILE:LINE:COLUMN  KEY: RULE; got VALUE (did you mean SUGGESTION?)`, as far as there is something to say. */
export function findingText({ place, key, rule, got, suggestion }: Finding): string {
  const parts = [placeText(place), key === "" ? "" : `${key}: `, rule];
  if (got !== undefined) parts.push(`; got ${got}`);
  if (suggestion !== undefined) parts.push(` (did you mean ${suggestion}?)`);
  return parts.join("");
}

function placeText(place: Place): string {
  switch (place.kind) {
    case "file":
      return `${place.file}:${place.line}:${place.column}  `;
    case "whole-file":
      return `${place.file}  `;
    case "annotation":
      return `annotation ${place.name}  `;
    case "nowhere":
      return "";
  }
}

/** A value as it would be written, cut when it is long. */
export function valueText(value: TomlValue): string {
  if (value instanceof TomlTable) return "a table";
  return cutText(printTomlValue(value));
}

/** Written text as it may stand in a message: cut when it is long, and with nothing that a terminal would obey. */
export function cutText(text: string): string {
  return cut(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
}

/** The choice that was probably meant. */
export function suggestion(got: string, choices: readonly string[]): { suggestion?: string } {
  const meant = nearest(got.toLowerCase(), choices);
  return meant === undefined ? {} : { suggestion: meant };
}
