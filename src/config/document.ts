import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { Finding, Place } from "./finding.ts";
import { parseToml } from "./toml/parse.ts";
import { positionAt } from "./toml/position.ts";
import type { TomlTable } from "./toml/value.ts";

/** A file that was read: the main one or a drop-in. */
export interface Document {
  readonly file: string;
  readonly dropIn: boolean;
  readonly source: string;
  readonly table: TomlTable;
}

/** What was found on disk. */
export interface Documents {
  /** The main file first, then drop-ins in the order in which they count. */
  readonly documents: readonly Document[];
  readonly findings: readonly Finding[];
}

/** What reading configuration files needs of the system. */
export type DocumentFiles = Pick<FilesPort, "readFile" | "readDir" | "exists" | "realPath" | "stat">;

/** Far beyond any configuration; keeps a wrong path from filling the memory. */
const maxFileBytes = 1024 * 1024;
const maxDropIns = 256;

/**
 * Reads a configuration file and the drop-ins `config.d/*.toml` beside it (beside the file itself, where links lead to) in the
 * order of their names. What a file says is never an exception: mistakes are findings, and the other files are read. Throws
 * KataError when the main file cannot be read at all.
 */
export function readDocuments(sys: DocumentFiles, file: string): Documents {
  const findings: Finding[] = [];
  const documents = [toDocument(file, false, readMain(sys, file), findings)];
  for (const path of dropIns(sys, file, findings)) {
    const source = readDropIn(sys, path, findings);
    if (source !== undefined) documents.push(toDocument(path, true, source, findings));
  }
  return { documents, findings };
}

/** The place of an offset into a document's text. */
export function placeIn({ file, source }: Document, offset: number): Place & { readonly kind: "file" } {
  return { kind: "file", file, ...positionAt(source, offset) };
}

function toDocument(file: string, dropIn: boolean, source: string, findings: Finding[]): Document {
  const { table, mistakes } = parseToml(source);
  const document = { file, dropIn, source, table };
  for (const { at, message } of mistakes) {
    findings.push({ severity: "error", code: "syntax", place: placeIn(document, at), key: "", rule: message });
  }
  return document;
}

function readMain(sys: DocumentFiles, file: string): string {
  try {
    return readRegular(sys, file);
  } catch (error) {
    const missing = isErrno(error, "ENOENT", "ENOTDIR");
    throw KataError.wrap(
      error,
      missing ? `Configuration file ${file} does not exist` : `Cannot read configuration file ${file}`,
      { stage: "load-config", hint: "Name a readable file with --config or KATA_CONF_FILE" },
    );
  }
}

function readDropIn(sys: DocumentFiles, file: string, findings: Finding[]): string | undefined {
  try {
    return readRegular(sys, file);
  } catch (error) {
    findings.push(unreadable(file, `cannot be read: ${KataError.from(error).message}`));
    return undefined;
  }
}

/** Opening anything but a file could wait for ever, as a FIFO's does. */
function readRegular(sys: DocumentFiles, file: string): string {
  const { kind } = sys.stat(file);
  if (kind !== "file") throw new KataError("invalid-argument", `${file} is not a file but a ${kind}`);
  const bytes = sys.readFile(file, maxFileBytes);
  const text = utf8Decode(bytes);
  if (text.includes("\uFFFD") && !sameBytes(utf8Encode(text), bytes)) {
    throw new KataError("invalid-argument", `${file} is not UTF-8`);
  }
  return text;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function dropIns(sys: DocumentFiles, file: string, findings: Finding[]): string[] {
  const real = sys.realPath(file);
  const directory = `${real.slice(0, real.lastIndexOf("/"))}/config.d`;
  if (!sys.exists(directory)) return [];
  let names: string[];
  try {
    names = sys.readDir(directory).map(({ name }) => name);
  } catch (error) {
    findings.push(unreadable(directory, `cannot be read: ${KataError.from(error).message}`));
    return [];
  }
  const read = names.filter((name) => name.endsWith(".toml")).sort();
  for (const name of names.filter((name) => !name.endsWith(".toml")).sort()) {
    const place = { kind: "whole-file", file: `${directory}/${name}` } as const;
    const rule = "is not read: names of drop-ins end in .toml";
    findings.push({ severity: "note", code: "unreadable-file", place, key: "", rule });
  }
  if (read.length > maxDropIns) {
    findings.push(unreadable(directory, `has ${read.length} drop-ins; at most ${maxDropIns} are read`));
  }
  return read.slice(0, maxDropIns).map((name) => `${directory}/${name}`);
}

function unreadable(file: string, rule: string): Finding {
  return { severity: "error", code: "unreadable-file", place: { kind: "whole-file", file }, key: "", rule };
}
