import type { Codec } from "../codec.ts";
import { ProtobufWriter } from "../protobuf/writer.ts";

/**
 * A message that is already encoded, in pieces: the fast path for messages that are mostly bytes. The pieces are written
 * one after the other without being joined, so they must not change before the call is over.
 */
export interface RawPayload {
  readonly raw: readonly Uint8Array[];
}

const LENGTH_DELIMITED = 2;

/**
 * Encodes one `bytes` field without copying it: the field's head, then `bytes` itself. Protobuf messages may be joined
 * by joining their bytes, so a message with one big field is its other fields encoded as usual, followed by this.
 */
export function bytesField(fieldNumber: number, bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  const writer = new ProtobufWriter();
  writer.varint32(fieldNumber * 8 + LENGTH_DELIMITED);
  writer.varint32(bytes.length);
  return [writer.finish(), bytes];
}

/** The pieces of a message, encoded here unless it is raw. Throws what the codec throws. */
export function toChunks<T>(codec: Codec<T>, message: T | RawPayload): readonly Uint8Array[] {
  return isRaw(message) ? message.raw : [codec.encode(message).finish()];
}

/** Whether it is a RawPayload. */
export function isRaw(message: unknown): message is RawPayload {
  return Array.isArray((message as { readonly raw?: unknown } | undefined)?.raw);
}
