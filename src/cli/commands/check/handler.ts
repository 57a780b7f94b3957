import { causeChain, KataError } from "../../../base/error.ts";
import { loadRuntimeConfig } from "../../../config/load.ts";
import type { CommandContext } from "../../context.ts";
import { askVersion } from "../../programs.ts";
import { type Configuration, type Finding, type Host, isForRootOnly, type Need, type Probe } from "./probe.ts";

/** A probe with what it found. The shape is a contract; fields are only ever added. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly needed: Need;
  readonly result: Finding["result"];
  readonly reason: string;
  /** What to do about it; null when there is nothing to do. */
  readonly remedy: string | null;
  readonly details: readonly string[];
}

/** The answer of `check --json`. The shape is a contract; fields are only ever added. */
export interface CheckReport {
  /** Nothing has failed; with `--strict`, nothing has warned either. */
  readonly ok: boolean;
  /** This user can create containers now: the host is fine, and it takes root. */
  readonly canCreate: boolean;
  readonly checks: readonly Check[];
}

/** The host as probes see it, with the configuration that the command line names. */
export function lookAtHost(context: CommandContext): Host {
  return { sys: context.sys, configuration: configurationOf(context), askVersion: (path) => askVersion(context, path) };
}

function configurationOf({ global, sys }: CommandContext): Configuration {
  try {
    return {
      kind: "loaded",
      config: loadRuntimeConfig({ sys }, global.config === undefined ? {} : { path: global.config }),
    };
  } catch (error) {
    return { kind: "broken", error: KataError.from(error) };
  }
}

/** Runs all probes, one after the other. */
export async function runChecks(
  host: Host,
  probes: readonly Probe[],
  options: { readonly strict: boolean },
): Promise<CheckReport> {
  const checks: Check[] = [];
  for (const probe of probes) checks.push(rowOf(probe, await find(host, probe)));
  const ok = checks.every(({ result }) => result !== "failed" && !(options.strict && result === "warning"));
  return { ok, canCreate: ok && host.sys.uid() === 0, checks };
}

/** What the probe finds. One that throws hides no other: that it does is its finding. */
async function find(host: Host, probe: Probe): Promise<Finding> {
  try {
    return await probe.run(host);
  } catch (error) {
    const text = causeChain(KataError.from(error)).join(": ");
    if (isForRootOnly(error, host.sys)) {
      return { result: "skipped", reason: text, remedy: "Ask as root, as the runtime runs" };
    }
    return {
      result: probe.needed === "required" ? "failed" : "warning",
      reason: `it cannot be told: ${text}`,
      remedy: "Make it readable for the runtime, if it is a file; else report a bug, with this line",
    };
  }
}

function rowOf({ id, needed, title }: Probe, finding: Finding): Check {
  return {
    id,
    title,
    needed,
    result: finding.result,
    reason: finding.reason,
    remedy: finding.result === "ok" ? null : (finding.remedy ?? null),
    details: finding.result === "skipped" ? [] : (finding.details ?? []),
  };
}
