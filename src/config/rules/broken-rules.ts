import { type Effective, placeOf } from "../effective.ts";
import type { Finding, Place } from "../finding.ts";
import { bootRules } from "./boot-rules.ts";
import { deviceRules } from "./device-rules.ts";
import type { Rule, RuleInput } from "./rule.ts";
import { savedVmRules } from "./saved-vm-rules.ts";
import { securityRules } from "./security-rules.ts";
import { sizeRules } from "./size-rules.ts";
import { templateRules } from "./template-rules.ts";

const rules: readonly Rule[] = [
  ...bootRules,
  ...sizeRules,
  ...deviceRules,
  ...templateRules,
  ...savedVmRules,
  ...securityRules,
];

/**
 * Rules between keys that are broken. Those about keys with wrong values are not asked: they would tell of a default. What
 * nobody has set is told of `mainFile`.
 */
export function brokenRules(
  input: RuleInput,
  all: ReadonlyMap<string, Effective>,
  wrong: ReadonlySet<string>,
  mainFile: string,
): Finding[] {
  const findings: Finding[] = [];
  const full = (key: string) => (key.startsWith("~") ? `hypervisor.${input.type}.${key.slice(1)}` : key);
  for (const rule of rules) {
    const keys = [rule.key, ...(rule.with ?? [])].map(full);
    if (keys.some((key) => wrong.has(key))) continue;
    const text = rule.broken(input);
    if (text === false) continue;
    const key = full(rule.key);
    const place = placeToLookAt(keys.map((one) => all.get(one))) ?? { kind: "whole-file", file: mainFile };
    const severity = rule.severity ?? "error";
    findings.push({ severity, code: severity === "error" ? "conflict" : "ignored", place, key, rule: text });
  }
  return findings;
}

/** A default breaks no rule by itself, but what was set does; and not the file, but the pod that changes what it says. */
function placeToLookAt(keys: readonly (Effective | undefined)[]): Place | undefined {
  const by = (kind: Effective["source"]["kind"]) => keys.find((one) => one?.source.kind === kind);
  const set = by("annotation") ?? by("file");
  return set === undefined ? undefined : placeOf(set);
}
