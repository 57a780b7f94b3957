import { KataError } from "../../base/error.ts";
import type { Codec } from "../codec.ts";
import { ProtobufReader } from "../protobuf/reader.ts";
import { ProtobufWriter } from "../protobuf/writer.ts";
import { frameHeaderLength, frameTypes, maxFramePayload, writeFrameHeader } from "./frame.ts";
import { decodeStatus } from "./status.ts";

/**
 * The messages inside frames (containerd/ttrpc, request.proto), encoded and decoded by hand: the message of the call is
 * carried through without being copied, and the fixed part of a request is encoded once a method.
 */

/** Key-value pairs that accompany a request. A key can have several values. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** A ttrpc.Request without its payload. */
export class RequestEnvelope {
  service = "";
  method = "";
  /** 0 means no deadline. A peer can send anything that fits an int64. */
  timeoutNano = 0n;
  metadata: Metadata = noMetadata;

  /**
   * Takes the values of another request, and leaves the reader with its payload: a connection has one of these, because the
   * engine takes long to make objects. Throws KataError `invalid-argument`, or `resource-exhausted` for too much metadata.
   */
  decode(reader: ProtobufReader): void {
    this.service = "";
    this.method = "";
    this.timeoutNano = 0n;
    let metadata: MetadataReader | undefined;
    const { end } = reader;
    let payloadStart = end;
    let payloadEnd = end;
    while (reader.position < end) {
      const tag = reader.prefix();
      if (tag === TAG_SERVICE) this.service = reader.text();
      else if (tag === TAG_METHOD) this.method = reader.text();
      else if (tag === TAG_REQUEST_PAYLOAD) {
        reader.enter();
        payloadStart = reader.position;
        payloadEnd = reader.end;
        reader.leave(end);
        reader.position = payloadEnd;
      } else if (tag === TAG_TIMEOUT) this.timeoutNano = BigInt.asIntN(64, reader.varint64());
      else if (tag === TAG_METADATA) {
        metadata ??= new MetadataReader();
        metadata.read(reader);
      } else reader.skip(tag);
    }
    this.metadata = metadata?.pairs ?? noMetadata;
    reader.position = payloadStart;
    reader.end = payloadEnd;
  }
}

const noMetadata: Metadata = new Map();

/** A decoded ttrpc.Response: an error, or the bytes of the response message, a view into the frame. */
export interface ResponseEnvelope {
  readonly error: KataError | undefined;
  readonly payload: Uint8Array;
}

/** More metadata than this is refused: `maxMetadataEntries` pairs, `maxMetadataBytes` in all. */
export const maxMetadataEntries = 256;
export const maxMetadataBytes = 65536;

/**
 * Payloads up to this size are copied behind their header: a second write wakes the peer twice, which on a virtio port
 * costs more than copying an ordinary chunk of a pipe does.
 */
const copyLimit = 131072;
const maxSlots = 4096;

const TAG_SERVICE = 0x0a;
const TAG_METHOD = 0x12;
const TAG_REQUEST_PAYLOAD = 0x1a;
const TAG_TIMEOUT = 0x20;
const TAG_METADATA = 0x2a;
const TAG_KEY = 0x0a;
const TAG_VALUE = 0x12;
const TAG_STATUS = 0x0a;
const TAG_RESPONSE_PAYLOAD = 0x12;

const nothing = new Uint8Array(0);

/** Encodes the part of a request that never changes for a method. */
export function encodeTarget(service: string, method: string): Uint8Array {
  const writer = new ProtobufWriter();
  writer.varint32(TAG_SERVICE);
  writer.text(service);
  writer.varint32(TAG_METHOD);
  writer.text(method);
  return writer.finish();
}

/** Encodes metadata as fields of a request. */
export function encodeMetadata(metadata: Iterable<readonly [string, string | readonly string[]]>): Uint8Array {
  const writer = new ProtobufWriter();
  for (const [key, values] of metadata) {
    for (const value of typeof values === "string" ? [values] : values) {
      writer.varint32(TAG_METADATA);
      const mark = writer.open();
      writer.varint32(TAG_KEY);
      writer.text(key);
      writer.varint32(TAG_VALUE);
      writer.text(value);
      writer.close(mark);
    }
  }
  return writer.finish();
}

/** What `encodeRequest` puts together. */
export interface RequestParts {
  readonly streamId: number;
  readonly flags: number;
  /** From `encodeTarget`. */
  readonly target: Uint8Array;
  /** From `encodeMetadata`. */
  readonly metadata?: Uint8Array | undefined;
  /** Absent means no deadline; below 2^53. */
  readonly timeoutNano?: number | undefined;
  /** The request message, in pieces. */
  readonly payload: readonly Uint8Array[];
}

/**
 * A request frame as chunks to write in order; big payloads are among them as they are. Throws KataError
 * `resource-exhausted` for a frame above the protocol's limit.
 */
export function encodeRequest(parts: RequestParts): Uint8Array[] {
  const { target, metadata = nothing, timeoutNano = 0, payload } = parts;
  const timeout = timeoutNano > 0 ? 1 + varintLength(timeoutNano) : 0;
  const fixed = target.length + metadata.length + timeout;
  return frameAround(payload, fixed, TAG_REQUEST_PAYLOAD, parts.streamId, frameTypes.request, parts.flags, (head) => {
    head.set(target, frameHeaderLength);
    let at = frameHeaderLength + target.length;
    head.set(metadata, at);
    at += metadata.length;
    if (timeout > 0) {
      head[at] = TAG_TIMEOUT;
      writeVarint(head, at + 1, timeoutNano);
    }
  });
}

/**
 * Writes a response frame that carries a message, behind what the writer holds. Throws what the codec throws, and KataError
 * `resource-exhausted` for a frame above the protocol's limit; the writer has nothing of it then.
 */
export function writeResponse<T>(writer: ProtobufWriter, streamId: number, codec: Codec<T>, message: T): void {
  const start = writer.position;
  try {
    const mark = start + frameHeaderLength + 1;
    writer.skip(frameHeaderLength + 2);
    codec.encodeInto(message, writer);
    if (writer.position === mark + 1) writer.position = start + frameHeaderLength;
    else {
      writer.close(mark);
      writer.bytes[start + frameHeaderLength] = TAG_RESPONSE_PAYLOAD;
    }
    const length = writer.position - start - frameHeaderLength;
    if (length > maxFramePayload) throw oversizedError(length);
    writeFrameHeader(writer.bytes, start, length, streamId, frameTypes.response, 0);
  } catch (error) {
    writer.position = start;
    throw error;
  }
}

/** A response frame that carries a message in pieces, as `encodeRequest`. */
export function encodeResponse(streamId: number, payload: readonly Uint8Array[]): Uint8Array[] {
  return frameAround(payload, 0, TAG_RESPONSE_PAYLOAD, streamId, frameTypes.response, 0, undefined);
}

/** A response frame that carries an error, encoded by `encodeStatus`. */
export function encodeErrorResponse(streamId: number, status: Uint8Array): Uint8Array[] {
  return frameAround([status], 0, TAG_STATUS, streamId, frameTypes.response, 0, undefined);
}

/** A data frame, as `encodeRequest`: its payload is the message itself. */
export function encodeData(streamId: number, flags: number, payload: readonly Uint8Array[]): Uint8Array[] {
  return frameAround(payload, 0, undefined, streamId, frameTypes.data, flags, undefined);
}

function frameAround(
  payload: readonly Uint8Array[],
  fixed: number,
  tag: number | undefined,
  streamId: number,
  type: number,
  flags: number,
  fill: ((head: Uint8Array) => void) | undefined,
): Uint8Array[] {
  // Counting loops: the engine takes ten times longer to ask an array for its iterator.
  let size = 0;
  for (let i = 0; i < payload.length; i++) size += (payload[i] as Uint8Array).length;
  const tagged = tag !== undefined && size > 0;
  const before = frameHeaderLength + fixed + (tagged ? 1 + varintLength(size) : 0);
  const length = before - frameHeaderLength + size;
  if (length > maxFramePayload) throw oversizedError(length);
  const inline = size <= copyLimit;
  const head = new Uint8Array(inline ? before + size : before);
  writeFrameHeader(head, 0, length, streamId, type, flags);
  fill?.(head);
  if (tagged) {
    head[frameHeaderLength + fixed] = tag;
    writeVarint(head, frameHeaderLength + fixed + 1, size);
  }
  if (!inline) return [head, ...payload];
  let at = before;
  for (let i = 0; i < payload.length; i++) {
    const chunk = payload[i] as Uint8Array;
    head.set(chunk, at);
    at += chunk.length;
  }
  return [head];
}

/** The error for a frame above the protocol's limit, in the words of the reference. */
export function oversizedError(length: number): KataError {
  return new KataError(
    "resource-exhausted",
    `message length ${length} exceed maximum message size of ${maxFramePayload}`,
  );
}

/** Decodes a response. Throws KataError `invalid-argument` for malformed bytes. */
export function decodeResponse(bytes: Uint8Array): ResponseEnvelope {
  const reader = new ProtobufReader(bytes, maxSlots);
  let error: KataError | undefined;
  let payload: Uint8Array = nothing;
  while (reader.position < reader.end) {
    const tag = reader.prefix();
    if (tag === TAG_STATUS) error = decodeStatus(reader.view());
    else if (tag === TAG_RESPONSE_PAYLOAD) payload = reader.view();
    else reader.skip(tag);
  }
  return { error, payload };
}

class MetadataReader {
  readonly pairs = new Map<string, string[]>();
  private entries = 0;
  private bytes = 0;

  read(reader: ProtobufReader): void {
    const outer = reader.enter();
    this.entries++;
    this.bytes += reader.end - reader.position;
    if (this.entries > maxMetadataEntries || this.bytes > maxMetadataBytes) {
      throw new KataError(
        "resource-exhausted",
        `Request metadata exceeds ${maxMetadataEntries} entries or ${maxMetadataBytes} bytes`,
      );
    }
    let key = "";
    let value = "";
    while (reader.position < reader.end) {
      const tag = reader.prefix();
      if (tag === TAG_KEY) key = reader.text();
      else if (tag === TAG_VALUE) value = reader.text();
      else reader.skip(tag);
    }
    reader.leave(outer);
    const values = this.pairs.get(key);
    if (values === undefined) this.pairs.set(key, [value]);
    else values.push(value);
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Writes a whole number below 2^53. */
function writeVarint(target: Uint8Array, offset: number, value: number): void {
  let at = offset;
  let rest = value;
  while (rest > 0x7f) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[at] = rest;
}
