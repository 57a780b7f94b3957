import { KataError } from "../../base/error.ts";
import { type DigestAlgorithm, digestAlgorithms } from "./digest.ts";
import { initdataAnnotation, type UnpackedInitdata, unpackInitdata } from "./unpack.ts";

/** What a pod's owner gives to the agent of a confidential guest, checked. */
export interface Initdata extends UnpackedInitdata {
  readonly version: string;
  /** How the document is measured. */
  readonly algorithm: DigestAlgorithm;
  /** Files for the guest's components by name, such as `aa.toml` and `policy.rego`. */
  readonly data: ReadonlyMap<string, string>;
}

/** Reads a TOML document into plain objects; throws KataError for what is not TOML. */
export type TomlReader = (source: string) => object;

/** The only version of the format so far (initdata of Confidential Containers). */
const knownVersion = "0.1.0";

/**
 * Reads the annotation `io.katacontainers.config.hypervisor.cc_init_data`; undefined when it is empty. Throws KataError that
 * names the annotation and what is wrong with it; see `unpackInitdata` for the bounds.
 */
export function readInitdata(value: string, readToml: TomlReader): Initdata | undefined {
  if (value === "") return undefined;
  const unpacked = unpackInitdata(value);
  const table = readDocument(unpacked.document, readToml);
  const version = textEntry(table, "version");
  if (version !== knownVersion) {
    throw refused(`version must be ${JSON.stringify(knownVersion)}; got ${shown(version)}`);
  }
  const wanted = textEntry(table, "algorithm");
  const algorithm = digestAlgorithms.find((known) => known === wanted);
  if (algorithm === undefined) {
    throw refused(`algorithm must be one of ${digestAlgorithms.join(", ")}; got ${shown(wanted)}`);
  }
  return { ...unpacked, version, algorithm, data: dataEntries(table) };
}

function readDocument(document: Uint8Array, readToml: TomlReader): object {
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(document);
  } catch (error) {
    throw refused("the document is not UTF-8", error);
  }
  try {
    return readToml(source);
  } catch (error) {
    throw KataError.wrap(error, "Initdata cannot be read", { field: initdataAnnotation });
  }
}

function dataEntries(table: object): ReadonlyMap<string, string> {
  const data = own(table, "data");
  if (typeof data !== "object" || data === null || Array.isArray(data) || data instanceof Date) {
    throw refused("a table [data] must be there");
  }
  const entries = new Map<string, string>();
  for (const [name, content] of Object.entries(data)) {
    if (typeof content !== "string") throw refused(`data.${shown(name)} must be text`);
    entries.set(name, content);
  }
  return entries;
}

function textEntry(table: object, key: string): string {
  const value = own(table, key);
  if (typeof value !== "string") throw refused(`${key} must be there, and must be text`);
  return value;
}

function own(table: object, key: string): unknown {
  return Object.hasOwn(table, key) ? (table as Readonly<Record<string, unknown>>)[key] : undefined;
}

function refused(rule: string, cause?: unknown): KataError {
  return new KataError("invalid-argument", `Initdata are refused: ${rule}`, { field: initdataAnnotation, cause });
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
