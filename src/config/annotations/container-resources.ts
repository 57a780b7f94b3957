import type { Finding } from "../finding.ts";
import { shownValue } from "./shown.ts";

const prefix = "io.katacontainers.container.resource.";
const swappinessName = `${prefix}swappiness`;
const swapName = `${prefix}swap_in_bytes`;

/** What a container's annotations say about its memory; these are the container's own, not the sandbox's, and need no gate. */
export interface ContainerResources {
  /**
   * How readily memory is swapped, 0 to 200 as in the kernel and in the Go runtime (the Rust one takes 100 at most). Above 0
   * the guest may get swap for the container. The guest's cgroups, version 2, have no such setting of their own.
   */
  readonly swappiness?: number;
  /** Bytes of memory and swap together. */
  readonly swapBytes?: bigint;
  readonly findings: readonly Finding[];
}

/** Reads a container's resource annotations. Wrong values are findings and set nothing. */
export function containerResources(annotations: Readonly<Record<string, string>>): ContainerResources {
  const found = new Map(Object.entries(annotations).filter(([name]) => name === swappinessName || name === swapName));
  const findings: Finding[] = [];
  const swappiness = wholeNumber(found, swappinessName, 200n, findings);
  const swapBytes = wholeNumber(found, swapName, 0x7fff_ffff_ffff_ffffn, findings);
  return {
    ...(swappiness === undefined ? {} : { swappiness: Number(swappiness) }),
    ...(swapBytes === undefined ? {} : { swapBytes }),
    findings,
  };
}

function wholeNumber(
  found: ReadonlyMap<string, string>,
  name: string,
  max: bigint,
  findings: Finding[],
): bigint | undefined {
  const text = found.get(name);
  if (text === undefined) return undefined;
  const value = /^(?:0|[1-9][0-9]{0,18})$/.test(text) ? BigInt(text) : undefined;
  if (value !== undefined && value <= max) return value;
  const rule = `must be a whole number from 0 to ${max}`;
  const place = { kind: "annotation", name } as const;
  findings.push({ severity: "error", code: "annotation-value", place, key: "", rule, got: shownValue(text) });
  return undefined;
}
