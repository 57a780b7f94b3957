import { ProtobufReader } from "../protobuf/reader.ts";

/**
 * Frames of the ttrpc protocol (containerd/ttrpc, PROTOCOL.md): a header of ten bytes - payload length and stream id as
 * big-endian 32-bit numbers, type, flags - and the payload.
 */

/** Bytes of a frame header. */
export const frameHeaderLength = 10;
/** Largest payload the protocol allows. */
export const maxFramePayload = 4 << 20;
/** Largest stream id. */
export const maxStreamId = 0xffffffff;

export const frameTypes = { request: 1, response: 2, data: 3 } as const;

export const frameFlags = {
  /** The sender sends no more on this stream. */
  remoteClosed: 1,
  /** The sender goes on sending on this stream. */
  remoteOpen: 2,
  /** A data frame without a message, as opposed to one with an empty message. */
  noData: 4,
} as const;

const nothing = new Uint8Array(0);

/** Writes a header at `offset`. */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  payloadLength: number,
  streamId: number,
  type: number,
  flags: number,
): void {
  target[offset] = payloadLength >>> 24;
  target[offset + 1] = payloadLength >>> 16;
  target[offset + 2] = payloadLength >>> 8;
  target[offset + 3] = payloadLength;
  target[offset + 4] = streamId >>> 24;
  target[offset + 5] = streamId >>> 16;
  target[offset + 6] = streamId >>> 8;
  target[offset + 7] = streamId;
  target[offset + 8] = type;
  target[offset + 9] = flags;
}

/** A whole frame in one array. Throws RangeError above `maxFramePayload`: callers check sizes before. */
export function encodeFrame(streamId: number, type: number, flags: number, payload: Uint8Array): Uint8Array {
  if (payload.length > maxFramePayload) throw new RangeError(`Frame payload of ${payload.length} bytes`);
  const frame = new Uint8Array(frameHeaderLength + payload.length);
  writeFrameHeader(frame, 0, payload.length, streamId, type, flags);
  frame.set(payload, frameHeaderLength);
  return frame;
}

/** What a FrameDecoder reports. */
export interface FrameHandlers {
  /**
   * A frame. The reader has its payload until the call returns; what it gives out as bytes may be kept. The flags and the
   * type are as they came: both can have values that this version of the protocol does not define.
   */
  frame(streamId: number, type: number, flags: number, payload: ProtobufReader): void;
  /** A frame announced more than `maxFramePayload`; its payload will be skipped without being stored. */
  oversized(streamId: number, type: number, payloadLength: number): void;
}

/**
 * Takes the bytes of a connection in chunks of any size and reports frames. It never fails: an oversized frame is
 * skipped, as the reference does. It holds at most one header and one payload.
 */
export class FrameDecoder {
  private readonly handlers: FrameHandlers;
  private readonly header = new Uint8Array(frameHeaderLength);
  private headerFilled = 0;
  /** The payload that is being collected: its memory is allocated once, at the announced length. */
  private payload: Uint8Array | undefined;
  private payloadFilled = 0;
  private skip = 0;
  private readonly reader = new ProtobufReader(nothing);

  constructor(handlers: FrameHandlers) {
    this.handlers = handlers;
  }

  /** True when the bytes so far end inside a frame: a connection that ends here was cut. */
  get midFrame(): boolean {
    return this.headerFilled > 0 || this.payload !== undefined || this.skip > 0;
  }

  /** Takes the next bytes; they may be reused after the call. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.payload !== undefined) at = this.fillPayload(this.payload, chunk, at);
      else if (this.skip > 0) {
        const step = Math.min(this.skip, chunk.length - at);
        this.skip -= step;
        at += step;
      } else if (this.headerFilled > 0 || chunk.length - at < frameHeaderLength) at = this.fillHeader(chunk, at);
      else at = this.begin(chunk, at, chunk, at + frameHeaderLength);
    }
    // The chunk's memory is not this decoder's to hold.
    this.reader.turnTo(nothing, 0, 0, false);
  }

  private fillPayload(payload: Uint8Array, chunk: Uint8Array, at: number): number {
    const step = Math.min(payload.length - this.payloadFilled, chunk.length - at);
    const whole = at === 0 && step === chunk.length;
    payload.set(whole ? chunk : chunk.subarray(at, at + step), this.payloadFilled);
    this.payloadFilled += step;
    if (this.payloadFilled === payload.length) {
      this.payload = undefined;
      this.reader.turnTo(payload, 0, payload.length, false);
      this.emit(this.header, 0);
    }
    return at + step;
  }

  private fillHeader(chunk: Uint8Array, at: number): number {
    const step = Math.min(frameHeaderLength - this.headerFilled, chunk.length - at);
    this.header.set(chunk.subarray(at, at + step), this.headerFilled);
    this.headerFilled += step;
    if (this.headerFilled < frameHeaderLength) return at + step;
    this.headerFilled = 0;
    return this.begin(this.header, 0, chunk, at + step);
  }

  /** Handles the header found in `head` at `headAt`; its payload begins in `chunk` at `at`. Returns where to go on. */
  private begin(head: Uint8Array, headAt: number, chunk: Uint8Array, at: number): number {
    const length = readUint32(head, headAt);
    if (length > maxFramePayload) {
      this.skip = length;
      this.handlers.oversized(readUint32(head, headAt + 4), head[headAt + 8] as number, length);
      return at;
    }
    const end = at + length;
    if (end <= chunk.length) {
      this.reader.turnTo(chunk, at, end, true);
      this.emit(head, headAt);
      return end;
    }
    if (head !== this.header) this.header.set(head.subarray(headAt, headAt + frameHeaderLength));
    this.payload = new Uint8Array(length);
    this.payloadFilled = 0;
    return at;
  }

  private emit(head: Uint8Array, at: number): void {
    this.handlers.frame(readUint32(head, at + 4), head[at + 8] as number, head[at + 9] as number, this.reader);
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
