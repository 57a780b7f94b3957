import type { FilesPort } from "../sys/port/files.ts";
import type { ProcessesPort } from "../sys/port/processes.ts";
import type { SystemPort } from "../sys/port/system.ts";
import type { Asset } from "./annotations/asset-hash.ts";
import { chooseHypervisor } from "./choose-hypervisor.ts";
import { collect } from "./collect.ts";
import { type Documents, readDocuments } from "./document.ts";
import { driverFindings } from "./driver-findings.ts";
import {
  type Effective,
  effectiveValues,
  limitFindings,
  misplacedFindings,
  type Values,
  valuesByTable,
} from "./effective.ts";
import { configurationFile } from "./find.ts";
import type { Finding } from "./finding.ts";
import { hostOf } from "./host.ts";
import { type HypervisorType, hasDriver } from "./hypervisor-type.ts";
import { brokenRules } from "./rules/broken-rules.ts";
import type { Host } from "./rules/rule.ts";

/** What loading needs of the system. */
export type ConfigSys = Pick<
  FilesPort,
  "readFile" | "readText" | "readDir" | "exists" | "realPath" | "readLink" | "stat"
> &
  Pick<ProcessesPort, "env"> &
  Pick<SystemPort, "cpuCount" | "uname">;

/** What is left of the files' values once a pod has had its say. */
export interface Judgement {
  readonly all: ReadonlyMap<string, Effective>;
  readonly assetHashes: ReadonlyMap<Asset, string>;
  readonly findings: readonly Finding[];
}

/** Lets a pod change what the files say; see `podJudge`. It is handed in, since most sandboxes have no annotations and no use for its code. */
export type Judge = (all: ReadonlyMap<string, Effective>, type: HypervisorType) => Judgement;

/** A configuration with everything that was found out about it. */
export interface Evaluated extends Judgement {
  /** The main file first, then drop-ins in the order in which they count. */
  readonly files: readonly string[];
  readonly type: HypervisorType;
  readonly host: Host;
  readonly values: Values;
}

/** Which configuration is asked for. */
export interface ConfigRequest {
  /** The file; empty or absent: the one that `KATA_CONF_FILE` names, else the first of `configPaths`. */
  readonly path?: string;
  /** Absent: there is no pod, or it has no annotations. */
  readonly judge?: Judge;
}

/**
 * Finds, reads, merges and checks. What a file or an annotation says is never an exception. Throws KataError `not-found` when
 * there is no configuration file, or when the main file cannot be read.
 */
export function evaluate(sys: ConfigSys, { path, judge }: ConfigRequest): Evaluated {
  return evaluateDocuments(readDocuments(sys, configurationFile(sys, path)), hostOf(sys), judge);
}

/** What documents that have been read add up to on a host. */
export function evaluateDocuments(
  { documents, findings: unread }: Documents,
  host: Host,
  judge: Judge = (all) => ({ all, assetHashes: new Map(), findings: [] }),
): Evaluated {
  const collected = collect(documents);
  const { type, findings: choice } = chooseHypervisor(collected);
  const found = collected.foundFor(type);
  const { all, assetHashes, findings: judged } = judge(effectiveValues({ found }, type, host.arch), type);
  const values = valuesByTable(all);
  return {
    files: documents.map(({ file }) => file),
    type,
    host,
    values,
    all,
    assetHashes,
    findings: [
      ...unread,
      ...collected.findings,
      ...choice,
      ...misplacedFindings({ found }, type),
      ...judged,
      ...brokenRules({ ...values, type, host }, all, collected.broken, documents[0]?.file ?? ""),
      // What its driver does not do is of no interest as long as there is none.
      ...(hasDriver(type) ? limitFindings(all) : driverFindings(collected, type)),
    ],
  };
}
