import type { Finding, FindingCode, Place, Severity } from "../finding.ts";
import { type HypervisorType, hypervisorDisplayName } from "../hypervisor-type.ts";
import { acceptValue } from "../schema/accept.ts";
import { type Asset, hashRule, parseHash } from "./asset-hash.ts";
import type { Gate } from "./gate.ts";
import { kernelParamProblems } from "./kernel-params.ts";
import { machineOptionProblems } from "./machine-options.ts";
import type { AnnotationNames, KeyEntry } from "./names.ts";
import { parseValue, valueSyntax } from "./parse-value.ts";
import { brokenPathRule } from "./paths.ts";
import { shownName, shownValue } from "./shown.ts";

/** What comes of one annotation. */
export type Verdict =
  | { readonly kind: "override"; readonly path: string; readonly value: unknown }
  | { readonly kind: "hash"; readonly asset: Asset; readonly hash: string }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] };

/** What one annotation is judged by. */
export interface Law {
  readonly hypervisor: HypervisorType;
  readonly names: AnnotationNames;
  readonly gate: Gate;
  readonly allowedPaths: (listKey: string) => readonly string[];
  /** The name that was meant, if the caller wants it to be found out. */
  readonly suggest: (name: string) => string | undefined;
}

/** For values whose key does not say itself how long a text it takes. */
const maxValueLength = 65_536;
const maxTextLength = 1_048_576;

/** What is forbidden to pods although an operator may write it, by the key's own name. */
const podRules: ReadonlyMap<string, (text: string) => readonly { readonly rule: string; readonly got: string }[]> =
  new Map([
    ["kernel_params", kernelParamProblems],
    ["machine_accelerators", machineOptionProblems],
  ]);

/** Judges one annotation whose name begins as those for Kata do. */
export function judge(name: string, text: string, law: Law): Verdict {
  const meaning = law.names.meaningOf(name);
  switch (meaning.kind) {
    case "container":
      return nothing;
    case "forbidden":
      return refuse(name, "", meaning.why);
    case "file-only":
      return refuse(name, meaning.path.join("."), "is set in the configuration file only");
    case "unknown": {
      const suggestion = law.suggest(name);
      const severity = meaning.configuration ? "error" : "warning";
      const rule = meaning.configuration ? "is not a known annotation" : "is not a known annotation and is ignored";
      return tell(name, severity, "annotation-unknown", "", rule, suggestion === undefined ? {} : { suggestion });
    }
    case "hash-type":
      return text === "sha512" ? nothing : wrong(name, "", "must be sha512", text);
    case "asset-hash": {
      if (!law.gate.allows(meaning.baseName)) return shut(name, "", meaning.baseName, law);
      const hash = parseHash(text);
      return hash === undefined ? wrong(name, "", hashRule, text) : { kind: "hash", asset: meaning.asset, hash };
    }
    case "key":
      return judgeKey(name, text, meaning.baseName, meaning, law);
  }
}

function judgeKey(name: string, text: string, baseName: string, { path, key }: KeyEntry, law: Law): Verdict {
  const dotted = path.join(".");
  const { shape, annotation, hypervisors } = key;
  if (annotation?.never !== undefined) return refuse(name, dotted, annotation.never);
  if (!law.gate.allows(baseName)) return shut(name, dotted, baseName, law);
  if (hypervisors !== undefined && !hypervisors.includes(law.hypervisor)) {
    const rule = `has no effect with ${hypervisorDisplayName(law.hypervisor)}`;
    return tell(name, "note", "not-for-hypervisor", dotted, rule);
  }
  const limit =
    shape.kind === "text" ? Math.min(Math.max(shape.maxLength, maxValueLength), maxTextLength) : maxValueLength;
  if (text.length > limit) {
    return tell(name, "error", "annotation-value", dotted, `must have at most ${limit} characters`, {
      got: `${text.length} characters`,
    });
  }
  if (shape.kind === "path") {
    if (annotation?.allowedBy === undefined)
      return refuse(name, dotted, "names a path of the host, which no pod may do");
    const listKey = `${annotation.allowedBy} in [hypervisor.${law.hypervisor}]`;
    const rule = brokenPathRule(text, law.allowedPaths(annotation.allowedBy), listKey);
    if (rule !== undefined) return tell(name, "error", "annotation-refused", dotted, rule, { got: shownValue(text) });
  }
  return judgeValue(name, text, { path, key });
}

function judgeValue(name: string, text: string, { path, key }: KeyEntry): Verdict {
  const { shape } = key;
  const dotted = path.join(".");
  const keyName = path.at(-1) ?? "";
  // As upstream: an empty text leaves the operator's.
  if (shape.kind === "text" && text === "") return nothing;
  const problems = podRules.get(keyName)?.(text) ?? [];
  if (problems.length > 0) {
    return { kind: "findings", findings: problems.flatMap(({ rule, got }) => wrong(name, dotted, rule, got).findings) };
  }
  const written = parseValue(shape, keyName, text);
  const convert = key.annotation?.convert;
  const parsed = written === undefined || convert === undefined ? written : convert(written);
  const value = parsed === undefined ? undefined : acceptValue(shape, parsed);
  if (value === undefined) {
    const rule = written === undefined ? (valueSyntax(shape, keyName) ?? key.rule) : key.rule;
    return wrong(name, dotted, rule, text);
  }
  return { kind: "override", path: dotted, value };
}

type Told = Verdict & { readonly kind: "findings" };

const nothing: Told = { kind: "findings", findings: [] };

/** The gate is shut: what the operator can do about it is part of the rule. */
function shut(name: string, key: string, baseName: string, { hypervisor, gate }: Law): Told {
  const table = `enable_annotations in [hypervisor.${hypervisor}]`;
  const rule = `is not allowed here: no expression of ${table} matches "${baseName}"; the operator can add one`;
  const broken = gate.problems.length === 0 ? "" : ` (${gate.problems.length} of those there are not valid)`;
  return refuse(name, key, `${rule}${broken}`);
}

function refuse(name: string, key: string, rule: string): Told {
  return tell(name, "error", "annotation-refused", key, rule);
}

function wrong(name: string, key: string, rule: string, text: string): Told {
  return tell(name, "error", "annotation-value", key, rule, { got: shownValue(text) });
}

function tell(
  name: string,
  severity: Severity,
  code: FindingCode,
  key: string,
  rule: string,
  more: { readonly got?: string; readonly suggestion?: string } = {},
): Told {
  const place: Place = { kind: "annotation", name: shownName(name) };
  return { kind: "findings", findings: [{ severity, code, place, key, rule, ...more }] };
}
