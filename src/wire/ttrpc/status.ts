import { utf8Decode } from "../../base/bytes.ts";
import { causeChain, type ErrorCode, type ErrorDetails, errorCodes, KataError } from "../../base/error.ts";
import { ProtobufReader } from "../protobuf/reader.ts";
import { ProtobufWriter } from "../protobuf/writer.ts";

/**
 * Errors on the wire: a google.rpc.Status. Its message is the whole cause chain in one line, because that is all a
 * foreign peer shows. A field of our own carries the parts, so that a KataError crosses a connection between two programs
 * of this project unchanged. It is no `details` entry: containerd 2 adds "proto: not found" to the text of an error that has
 * one of a type that it does not know, whereas every peer skips unknown fields.
 */

/** Number of the field, of type bytes, that carries a KataError's parts as JSON. */
export const errorDetailsField = 7001;

const maxMessage = 16384;
const maxText = 4096;
const maxList = 16;
/** Larger details from a peer are ignored; ours stay below it by construction. */
const maxDetailsJson = 1 << 20;
const maxSlots = 4096;

const TAG_CODE = 0x08;
const TAG_MESSAGE = 0x12;
const TAG_DETAILS = (errorDetailsField << 3) | 2;

const codeNames = new Map<number, ErrorCode>(
  Object.entries(errorCodes).map(([name, number]) => [number, name as ErrorCode]),
);

/** Encodes a caught value as a google.rpc.Status message. */
export function encodeStatus(value: unknown): Uint8Array {
  const error = KataError.from(value);
  const writer = new ProtobufWriter();
  writer.varint32(TAG_CODE);
  writer.varint32(errorCodes[error.code]);
  writer.varint32(TAG_MESSAGE);
  writer.text(cut(causeChain(error).join(": "), maxMessage));
  writer.varint32(TAG_DETAILS);
  writer.text(JSON.stringify(toDetails(error)));
  return writer.finish();
}

/**
 * Decodes a google.rpc.Status; undefined stands for OK. An unknown code becomes `unknown`, foreign details are ignored.
 * Throws KataError `invalid-argument` for malformed bytes.
 */
export function decodeStatus(bytes: Uint8Array): KataError | undefined {
  const reader = new ProtobufReader(bytes, maxSlots);
  let code = 0;
  let message = "";
  let details: unknown;
  while (reader.position < reader.end) {
    const tag = reader.prefix();
    if (tag === TAG_CODE) code = reader.varint32() | 0;
    else if (tag === TAG_MESSAGE) message = reader.text();
    else if (tag === TAG_DETAILS) details = readDetails(reader) ?? details;
    else reader.skip(tag);
  }
  if (code === 0) return undefined;
  return fromDetails(codeNames.get(code) ?? "unknown", cut(message, maxMessage), details);
}

/** Reads our field; returns its parsed value. */
function readDetails(reader: ProtobufReader): unknown {
  const value = reader.view();
  if (value.length > maxDetailsJson) return undefined;
  try {
    return JSON.parse(utf8Decode(value));
  } catch {
    // The status itself still says what went wrong.
    return undefined;
  }
}

/** What travels in the field. `message` is the outermost text alone, `causes` are the others. */
interface WireDetails {
  readonly message: string;
  readonly stage?: string | undefined;
  readonly field?: string | undefined;
  readonly hint?: string | undefined;
  readonly see: readonly string[];
  readonly causes: readonly string[];
}

function toDetails(error: KataError): WireDetails {
  const text = (value: string | undefined) => (value === undefined ? undefined : cut(value, maxText));
  return {
    message: cut(error.message, maxText),
    stage: text(error.stage),
    field: text(error.field),
    hint: text(error.hint),
    see: error.see.slice(0, maxList).map((item) => cut(item, maxText)),
    causes: causeChain(error.cause)
      .slice(0, maxList)
      .map((item) => cut(item, maxText)),
  };
}

function fromDetails(code: ErrorCode, message: string, value: unknown): KataError {
  if (typeof value !== "object" || value === null) return new KataError(code, message);
  const details = value as Readonly<Record<string, unknown>>;
  const parts: Record<string, string> = {};
  for (const key of ["stage", "field", "hint"] as const) {
    const text = details[key];
    if (typeof text === "string") parts[key] = cut(text, maxText);
  }
  const cause = toCause(texts(details.causes));
  const given: ErrorDetails = { ...parts, see: texts(details.see), ...(cause === undefined ? {} : { cause }) };
  return new KataError(code, typeof details.message === "string" ? cut(details.message, maxText) : message, given);
}

/** Rebuilds a cause chain from its messages, outermost first. */
function toCause(messages: readonly string[]): Error | undefined {
  return messages.reduceRight<Error | undefined>(
    (cause, message) => (cause === undefined ? new Error(message) : new Error(message, { cause })),
    undefined,
  );
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, maxList)
    .filter((item) => typeof item === "string")
    .map((item) => cut(item, maxText));
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 3)}...`;
}
