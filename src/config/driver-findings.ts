import type { Collected } from "./collect.ts";
import { placeIn } from "./document.ts";
import type { Finding, Place } from "./finding.ts";
import { type HypervisorType, hasDriver, hypervisorDisplayName, hypervisorTypes } from "./hypervisor-type.ts";

/** Told of a configuration that is for a hypervisor which kata-ts cannot run. */
export function driverFindings({ hypervisors }: Pick<Collected, "hypervisors">, type: HypervisorType): Finding[] {
  if (hasDriver(type)) return [];
  const table = hypervisors.find((one) => one.type === type);
  const place: Place = table === undefined ? { kind: "nowhere" } : placeIn(table.document, table.at);
  const drivable = hypervisorTypes.filter(hasDriver).join(", ");
  const rule = `${hypervisorDisplayName(type)} cannot be run by this version; it runs ${drivable}`;
  return [{ severity: "unsupported", code: "unsupported", place, key: `hypervisor.${type}`, rule }];
}
