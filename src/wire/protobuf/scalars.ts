import { KataError } from "../../base/error.ts";
import type { ScalarKind } from "./fields.ts";
import type { ProtobufReader } from "./reader.ts";
import type { ProtobufWriter } from "./writer.ts";

const INT64_MIN = -0x8000_0000_0000_0000n;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;

/** Reads one scalar. */
export function readScalar(kind: ScalarKind, reader: ProtobufReader): unknown {
  switch (kind) {
    case "string":
      return reader.text();
    case "bytes":
      return reader.view();
    case "bool":
      return reader.varint64() !== 0n;
    case "int32":
      return reader.varint32() | 0;
    case "uint32":
      return reader.varint32();
    case "int64":
      return BigInt.asIntN(64, reader.varint64());
    case "uint64":
      return reader.varint64();
  }
}

/**
 * Writes one scalar. Throws KataError `out-of-range` for a number that the kind cannot hold: it would reach the peer as
 * another number. `name` is the field's, for the message. The types of the generated messages guard the rest.
 */
export function writeScalar(kind: ScalarKind, value: unknown, writer: ProtobufWriter, name: string): void {
  switch (kind) {
    case "string":
      writer.text(value as string);
      break;
    case "bytes":
      writer.chunk(value as Uint8Array);
      break;
    case "bool":
      writer.varint32(value ? 1 : 0);
      break;
    case "int32":
      if (((value as number) | 0) !== value) throw outOfRange(name, kind, value);
      if (value < 0) writer.varint64(BigInt(value));
      else writer.varint32(value);
      break;
    case "uint32":
      if ((value as number) >>> 0 !== value) throw outOfRange(name, kind, value);
      writer.varint32(value);
      break;
    case "int64":
      if ((value as bigint) < INT64_MIN || (value as bigint) > INT64_MAX) throw outOfRange(name, kind, value);
      writer.varint64(value as bigint);
      break;
    case "uint64":
      if ((value as bigint) < 0n || (value as bigint) > UINT64_MAX) throw outOfRange(name, kind, value);
      writer.varint64(value as bigint);
      break;
  }
}

function outOfRange(name: string, kind: ScalarKind, value: unknown): KataError {
  return new KataError("out-of-range", `${name} must be ${kind}, got ${String(value)}`);
}
