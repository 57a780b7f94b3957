import type { FilesPort } from "../sys/port/files.ts";
import type { ProcessesPort } from "../sys/port/processes.ts";
import type { SystemPort } from "../sys/port/system.ts";
import { listFindings } from "./annotations/lists.ts";
import { type AnnotationContext, type AnnotationReading, readAnnotations } from "./annotations/read.ts";
import { chooseHypervisor } from "./choose-hypervisor.ts";
import { collect } from "./collect.ts";
import { type Documents, readDocuments } from "./document.ts";
import {
  type Effective,
  effectiveValues,
  limitFindings,
  misplacedFindings,
  placeOf,
  settingsOf,
  type Values,
  valuesByTable,
  withOverrides,
} from "./effective.ts";
import { configurationFile } from "./find.ts";
import type { Finding } from "./finding.ts";
import { hostOf } from "./host.ts";
import { hostFileFindings } from "./host-files.ts";
import type { HypervisorType } from "./hypervisor-type.ts";
import { brokenRules } from "./rules/broken-rules.ts";
import type { Host } from "./rules/rule.ts";
import { allKeys } from "./schema/catalog.ts";
import type { Settings } from "./settings.ts";

/** What loading needs of the system. */
export type ConfigSys = Pick<
  FilesPort,
  "readFile" | "readText" | "readDir" | "exists" | "realPath" | "readLink" | "stat"
> &
  Pick<ProcessesPort, "env"> &
  Pick<SystemPort, "cpuCount" | "uname">;

/** Which configuration is asked for. */
export interface ConfigRequest {
  /** The file; empty or absent: the one that `KATA_CONF_FILE` names, else the first of `configPaths`. */
  readonly path?: string;
  /** The pod's annotations; all are looked at that begin with `io.katacontainers.`. */
  readonly annotations?: Readonly<Record<string, string>>;
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

/** The same for the loader, which has no use for origins. */
export interface Evaluated {
  readonly files: readonly string[];
  readonly type: HypervisorType;
  readonly host: Host;
  readonly values: Values;
  readonly all: ReadonlyMap<string, Effective>;
  readonly assetHashes: AnnotationReading["assetHashes"];
  readonly findings: readonly Finding[];
}

/**
 * Reads a configuration and tells everything about it. What a file or an annotation says is never an exception. `hostFiles`:
 * also whether the files that it names are there. Throws KataError `not-found` when there is no configuration file, or when the
 * main file cannot be read.
 */
export function examineConfiguration(
  { sys }: { readonly sys: ConfigSys },
  request: ConfigRequest & { readonly hostFiles?: boolean } = {},
): Examined {
  const { files, type, values, all, findings } = evaluate(sys, request);
  const lists = listFindings(contextOf(all, type), (path) => placeOf(all.get(path)));
  const onHost = request.hostFiles === true ? hostFileFindings(sys, type, values, all) : [];
  return { files, settings: settingsOf(all, type), findings: [...findings, ...lists, ...onHost] };
}

/** Finds, reads, merges and checks. Throws as `examineConfiguration`. */
export function evaluate(sys: ConfigSys, request: ConfigRequest): Evaluated {
  const documents = readDocuments(sys, configurationFile(sys, request.path));
  return evaluateDocuments(documents, hostOf(sys), request.annotations ?? {});
}

/** What documents that have been read add up to, with a pod's annotations, on a host. */
export function evaluateDocuments(
  { documents, findings: unread }: Documents,
  host: Host,
  annotations: Readonly<Record<string, string>>,
): Evaluated {
  const collected = collect(documents);
  const { type, findings: choice } = chooseHypervisor(collected);
  const inFiles = effectiveValues(collected, type, host.arch);
  const reading = readAnnotations(annotations, contextOf(inFiles, type));
  const all = withOverrides(inFiles, reading.overrides);
  const values = valuesByTable(all, type);
  return {
    files: documents.map(({ file }) => file),
    type,
    host,
    values,
    all,
    assetHashes: reading.assetHashes,
    findings: [
      ...unread,
      ...collected.findings,
      ...choice,
      ...misplacedFindings(collected, type),
      ...reading.findings,
      ...brokenRules({ ...values, type, host }, all, collected.broken),
      ...limitFindings(all),
    ],
  };
}

function contextOf(all: ReadonlyMap<string, Effective>, type: HypervisorType): AnnotationContext {
  const list = (key: string) => {
    const value = all.get(`hypervisor.${type}.${key}`)?.value;
    return Array.isArray(value) ? (value as readonly string[]) : [];
  };
  return {
    hypervisor: type,
    enabled: list("enable_annotations"),
    allowedPaths: list,
    keys: allKeys(),
  };
}
