import type { Finding, Place } from "../finding.ts";
import { openGate } from "./gate.ts";
import { parseGlob } from "./glob.ts";
import type { AnnotationContext } from "./read.ts";
import { shownValue } from "./shown.ts";

/**
 * What is wrong with the operator's lists of what pods may do. It opens nothing, so it is no error, but hardly what was meant.
 * `placeOf` tells where the file sets a key. Concerns the file alone: for `config validate` rather than for every start.
 */
export function listFindings(
  { hypervisor, enabled, keys, allowedPaths }: AnnotationContext,
  placeOf: (key: string) => Place,
): Finding[] {
  const tell = (listKey: string, rule: string, got: string): Finding => {
    const key = `hypervisor.${hypervisor}.${listKey}`;
    return { severity: "warning", code: "wrong-value", place: placeOf(key), key, rule, got: shownValue(got) };
  };
  const expressions = openGate(enabled).problems.map(({ expression, rule }) =>
    tell("enable_annotations", rule, expression),
  );
  const listKeys = new Set([...keys].flatMap(([, { annotation }]) => annotation?.allowedBy ?? []));
  const patterns = [...listKeys].flatMap((listKey) =>
    allowedPaths(listKey)
      // Upstream's files have empty ones, which match nothing.
      .filter((pattern) => pattern !== "" && parseGlob(pattern) === undefined)
      .map((pattern) => tell(listKey, "must hold valid patterns for paths", pattern)),
  );
  return [...expressions, ...patterns];
}
