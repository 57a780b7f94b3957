import { expect, test } from "vitest";
import { findingText, type Place } from "../finding.ts";
import { listFindings } from "./lists.ts";
import type { AnnotationContext } from "./read.ts";
import { keys } from "./testing/pod.ts";

function context(enabled: readonly string[], paths: readonly string[]): AnnotationContext {
  const allowedPaths = (listKey: string) => (listKey === "valid_hypervisor_paths" ? paths : []);
  return { hypervisor: "qemu", enabled, allowedPaths, keys };
}

test("what is wrong with the operator's lists is told where they stand", () => {
  const lines = new Map([["hypervisor.qemu.enable_annotations", 3]]);
  const placeOf = (key: string): Place => {
    const line = lines.get(key);
    return line === undefined ? { kind: "nowhere" } : { kind: "file", file: "/c.toml", line, column: 5 };
  };
  const findings = listFindings(context(["(", "path", "(a+)+"], ["/usr/bin/*", "/usr/[a"]), placeOf);
  expect(findings.map((finding) => `${finding.severity} ${finding.code} ${findingText(finding)}`)).toEqual([
    'warning wrong-value /c.toml:3:5  hypervisor.qemu.enable_annotations: must hold valid regular expressions; got "("',
    "warning wrong-value /c.toml:3:5  hypervisor.qemu.enable_annotations: must hold expressions that do not repeat a group with a repetition in it" +
      '; got "(a+)+"',
    'warning wrong-value hypervisor.qemu.valid_hypervisor_paths: must hold valid patterns for paths; got "/usr/[a"',
  ]);
});

test("nothing is wrong with good lists", () => {
  expect(listFindings(context(["^path$"], ["/usr/bin/*"]), () => ({ kind: "nowhere" }))).toEqual([]);
});
