import type { Collected, HypervisorTable } from "./collect.ts";
import { placeIn } from "./document.ts";
import type { Finding } from "./finding.ts";
import type { HypervisorType } from "./hypervisor-type.ts";

/** Which `[hypervisor.NAME]` counts, and what is to be said about the others. */
export interface Choice {
  readonly type: HypervisorType;
  readonly findings: readonly Finding[];
}

/**
 * The rule for more than one hypervisor table: `runtime.hypervisor_name` decides. Without it the main file's only table
 * counts, so that one drop-in can serve several main files; without a table there the drop-ins' only one; without any, QEMU.
 * Several candidates are an error: which one upstream takes is chance.
 */
export function chooseHypervisor({ found, broken, hypervisors }: Collected): Choice {
  const name = found.get("runtime.hypervisor_name");
  const main = hypervisors.filter(({ document }) => !document.dropIn);
  const candidates = distinct(main.length > 0 ? main : hypervisors);
  if (name !== undefined && name.value !== "") {
    const type = name.value as HypervisorType;
    if (hypervisors.length === 0 || hypervisors.some((table) => table.type === type)) {
      return { type, findings: unused(hypervisors, type) };
    }
    const rule = `names a hypervisor without a table: there is no [hypervisor.${type}], only ${names(hypervisors)}`;
    const place = placeIn(name.document, name.at);
    const missing: Finding = { severity: "error", code: "missing-value", place, key: "runtime.hypervisor_name", rule };
    return { type: candidates[0]?.type ?? type, findings: [missing] };
  }
  const [first, second] = candidates;
  if (first === undefined) return { type: "qemu", findings: [] };
  if (second === undefined) return { type: first.type, findings: unused(hypervisors, first.type) };
  // A name that was refused would have decided, and has been told.
  if (broken.has("runtime.hypervisor_name")) return { type: first.type, findings: [] };
  const rule = `is one of several hypervisor tables (${names(candidates)}); say which counts with hypervisor_name in [runtime]`;
  const place = placeIn(second.document, second.at);
  const ambiguous: Finding = { severity: "error", code: "conflict", place, key: `hypervisor.${second.type}`, rule };
  return { type: first.type, findings: [ambiguous] };
}

function names(tables: readonly HypervisorTable[]): string {
  return distinct(tables)
    .map(({ type }) => `[hypervisor.${type}]`)
    .join(", ");
}

function distinct(tables: readonly HypervisorTable[]): HypervisorTable[] {
  return tables.filter(({ type }, index) => tables.findIndex((table) => table.type === type) === index);
}

function unused(tables: readonly HypervisorTable[], chosen: HypervisorType): Finding[] {
  return tables
    .filter(({ type }) => type !== chosen)
    .map(({ type, document, at }) => ({
      severity: "note",
      code: "overridden",
      place: placeIn(document, at),
      key: `hypervisor.${type}`,
      rule: `is not used: [hypervisor.${chosen}] is`,
    }));
}
