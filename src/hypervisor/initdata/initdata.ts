import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import { parseToml } from "../../config/toml/parse.ts";
import { positionAt } from "../../config/toml/position.ts";
import { TomlTable } from "../../config/toml/value.ts";
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

/** The only version of the format so far (initdata of Confidential Containers). */
const knownVersion = "0.1.0";

/**
 * Reads the annotation `io.katacontainers.config.hypervisor.cc_init_data`; undefined when it is empty. Throws KataError that
 * names the annotation and what is wrong with it; see `unpackInitdata` for the bounds.
 */
export function readInitdata(value: string): Initdata | undefined {
  if (value === "") return undefined;
  const unpacked = unpackInitdata(value);
  const table = readDocument(unpacked.document);
  const version = textEntry(table, "version");
  if (version !== knownVersion) {
    throw refused(`version must be ${shown(knownVersion)}; got ${shown(version)}`);
  }
  const wanted = textEntry(table, "algorithm");
  const algorithm = digestAlgorithms.find((known) => known === wanted);
  if (algorithm === undefined) {
    throw refused(`algorithm must be one of ${digestAlgorithms.join(", ")}; got ${shown(wanted)}`);
  }
  return { ...unpacked, version, algorithm, data: dataEntries(table) };
}

function readDocument(document: Uint8Array): TomlTable {
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(document);
  } catch (error) {
    throw refused("the document is not UTF-8", error);
  }
  const { table, mistakes } = parseToml(source);
  const [first] = mistakes;
  if (first === undefined) return table;
  const { line, column } = positionAt(source, first.at);
  throw refused(`line ${line}, column ${column} of the document is not TOML: ${first.message}`);
}

function dataEntries(table: TomlTable): ReadonlyMap<string, string> {
  const data = table.get("data")?.value;
  if (!(data instanceof TomlTable)) throw refused("a table [data] must be there");
  const entries = new Map<string, string>();
  for (const [name, { value }] of data.entries) {
    if (typeof value !== "string") throw refused(`data.${shown(name)} must be text`);
    entries.set(name, value);
  }
  return entries;
}

function textEntry(table: TomlTable, key: string): string {
  const value = table.get(key)?.value;
  if (typeof value !== "string") throw refused(`${key} must be there, and must be text`);
  return value;
}

function refused(rule: string, cause?: unknown): KataError {
  return new KataError("invalid-argument", `Initdata are refused: ${rule}`, { field: initdataAnnotation, cause });
}
