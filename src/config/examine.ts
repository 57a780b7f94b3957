import { contextOf, podJudge } from "./annotations/judge-pod.ts";
import { listFindings } from "./annotations/lists.ts";
import { placeOf, settingsOf } from "./effective.ts";
import { type ConfigSys, evaluate } from "./evaluate.ts";
import type { Finding } from "./finding.ts";
import { hostFileFindings } from "./host-files.ts";
import type { Settings } from "./settings.ts";

/** Which configuration is looked at, and how closely. */
export interface ExamineRequest {
  /** The file; empty or absent: the one that `KATA_CONF_FILE` names, else the first of `configPaths`. */
  readonly path?: string;
  /** A pod's annotations; all are looked at that begin with `io.katacontainers.`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Also whether the files that it names are there. */
  readonly hostFiles?: boolean;
}

/** A configuration with everything that can be said about it. */
export interface Examined {
  /** The main file first, then drop-ins in the order in which they count. */
  readonly files: readonly string[];
  /** Effective values with their origins. */
  readonly settings: Settings;
  /** Errors, unsupported values, warnings and notes, files before rules. */
  readonly findings: readonly Finding[];
}

/** Reads a configuration and tells everything about it. Throws as `evaluate`. */
export function examineConfiguration({ sys }: { readonly sys: ConfigSys }, request: ExamineRequest = {}): Examined {
  const { path = "", annotations = {}, hostFiles = false } = request;
  const { files, type, values, all, findings } = evaluate(sys, { path, judge: podJudge(annotations) });
  const lists = listFindings(contextOf(all, type), (key) => placeOf(all.get(key)));
  const onHost = hostFiles ? hostFileFindings(sys, type, values, all) : [];
  return { files, settings: settingsOf(all, type), findings: [...findings, ...lists, ...onHost] };
}
