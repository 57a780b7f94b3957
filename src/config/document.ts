import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { Finding, Place } from "./finding.ts";
import { parseToml } from "./toml/parse.ts";
import { LineIndex } from "./toml/position.ts";
import type { TomlTable } from "./toml/value.ts";

/** A file that was read: the main one or a drop-in. */
export interface Document {
  readonly file: string;
  readonly dropIn: boolean;
  readonly source: string;
  readonly table: TomlTable;
  /** There were mistakes: the table may lack something that the author wrote. */
  readonly incomplete?: boolean;
}

/** What was found on disk. */
export interface Documents {
  /** The main file first, then drop-ins in the order in which they count. */
  readonly documents: readonly Document[];
  readonly findings: readonly Finding[];
}

/** What reading configuration files needs of the system. */
export type DocumentFiles = Pick<FilesPort, "readFile" | "readDir" | "readLink" | "exists" | "realPath" | "stat">;

/** Far beyond any configuration; keeps a wrong path from filling the memory. */
const maxFileBytes = 1024 * 1024;
const maxDropIns = 256;
/** Of all files together. */
const maxBytes = 4 * maxFileBytes;

/**
 * Reads a configuration file and the drop-ins `config.d/*.toml` beside it (beside the file itself, where links lead to) in the
 * order of their names. What a file says is never an exception: mistakes are findings, and the other files are read. Throws
 * KataError when the main file cannot be read at all.
 */
export function readDocuments(sys: DocumentFiles, file: string): Documents {
  const findings: Finding[] = [];
  const main = readMain(sys, file);
  const documents = [toDocument(file, false, main, findings)];
  let left = maxBytes - main.length;
  for (const path of dropIns(sys, file, findings)) {
    const bytes = readDropIn(sys, path, findings);
    if (bytes === undefined) continue;
    left -= bytes.length;
    if (left < 0) {
      findings.push(unreadable(path, `is not read, nor what follows: all files together exceed ${maxBytes} bytes`));
      break;
    }
    documents.push(toDocument(path, true, bytes, findings));
  }
  return { documents, findings };
}

const lineIndices = new WeakMap<Document, LineIndex>();

/** The place of an offset into a document's text. */
export function placeIn(document: Document, offset: number): Place & { readonly kind: "file" } {
  let index = lineIndices.get(document);
  if (index === undefined) {
    index = new LineIndex(document.source);
    lineIndices.set(document, index);
  }
  return { kind: "file", file: document.file, ...index.positionAt(offset) };
}

function toDocument(file: string, dropIn: boolean, bytes: Uint8Array, findings: Finding[]): Document {
  const { source, mistake } = decode(bytes);
  const { table, mistakes } = parseToml(source);
  const document = { file, dropIn, source, table, incomplete: mistake !== undefined || mistakes.length > 0 };
  for (const { at, message } of mistake === undefined ? mistakes : [mistake, ...mistakes]) {
    findings.push({ severity: "error", code: "syntax", place: placeIn(document, at), key: "", rule: message });
  }
  return document;
}

/** The text, and the first place where it is none. */
function decode(bytes: Uint8Array): { source: string; mistake?: { at: number; message: string } } {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    // Every letter of it would be a mistake.
    return { source: "", mistake: { at: 0, message: "The file must be UTF-8, and this is UTF-16" } };
  }
  const source = utf8Decode(bytes);
  const at = source.includes("\uFFFD") ? firstDifference(utf8Encode(source), bytes) : -1;
  if (at < 0) return { source };
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, "0");
  const offset = utf8Decode(bytes.subarray(0, at)).length;
  return { source, mistake: { at: offset, message: `The file must be UTF-8, which allows no byte 0x${byte} here` } };
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 && a.length !== b.length ? a.length : at;
}

function readMain(sys: DocumentFiles, file: string): Uint8Array {
  try {
    return readRegular(sys, file);
  } catch (error) {
    const missing = isErrno(error, "ENOENT", "ENOTDIR");
    const target = missing ? linkTarget(sys, file) : undefined;
    const what = target === undefined ? "does not exist" : `is a link to ${target}, which does not exist`;
    throw KataError.wrap(
      error,
      missing ? `Configuration file ${file} ${what}` : `Cannot read configuration file ${file}`,
      { stage: "load-config", hint: "Name a readable file with --config or KATA_CONF_FILE" },
    );
  }
}

function readDropIn(sys: DocumentFiles, file: string, findings: Finding[]): Uint8Array | undefined {
  try {
    return readRegular(sys, file);
  } catch (error) {
    const target = isErrno(error, "ENOENT") ? linkTarget(sys, file) : undefined;
    if (target !== undefined) findings.push(unreadable(file, `is a link to ${target}, which does not exist`));
    else if (isErrno(error, "ENOENT") && file.includes("\uFFFD")) {
      findings.push(unreadable(file, "cannot be read: its name is not UTF-8; rename it"));
    } else findings.push(unreadable(file, `cannot be read: ${KataError.from(error).message}`));
    return undefined;
  }
}

/** Opening anything but a file could wait for ever, as a FIFO's does. */
function readRegular(sys: DocumentFiles, file: string): Uint8Array {
  const { kind } = sys.stat(file);
  if (kind !== "file") throw new KataError("invalid-argument", `${file} is not a file but a ${kind}`);
  return sys.readFile(file, maxFileBytes);
}

function linkTarget(sys: DocumentFiles, path: string): string | undefined {
  try {
    return sys.readLink(path);
  } catch {
    // It is no link.
    return undefined;
  }
}

function dropIns(sys: DocumentFiles, file: string, findings: Finding[]): string[] {
  const real = sys.realPath(file);
  const directory = `${real.slice(0, real.lastIndexOf("/"))}/config.d`;
  if (!sys.exists(directory) && linkTarget(sys, directory) === undefined) return [];
  let names: string[];
  try {
    names = sys.readDir(directory).map(({ name }) => name);
  } catch (error) {
    findings.push(unreadable(directory, `cannot be read: ${KataError.from(error).message}`));
    return [];
  }
  const read = names.filter((name) => name.endsWith(".toml")).sort();
  const unread = names.filter((name) => !name.endsWith(".toml")).sort();
  for (const name of unread.slice(0, maxDropIns)) {
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
