import { NetlinkReader, NetlinkWriter } from "./buffer.ts";
import { NetlinkError } from "./netlink-error.ts";

/** Message types of every netlink protocol (linux/netlink.h); types from 16 on belong to the protocol. */
export const controlTypes = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** Flags of requests and answers (linux/netlink.h). */
export const netlinkFlags = {
  request: 1,
  /** One of several messages that `done` ends. */
  multi: 2,
  /** Ask for an answer even when there is nothing to say. */
  ack: 4,
  /** The kernel's list changed while it was dumped. */
  dumpInterrupted: 0x10,
  /** All objects of the kind. */
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  /** Of an error: it does not repeat the request. */
  capped: 0x100,
  /** Of an error: attributes follow. */
  acknowledgementAttributes: 0x200,
} as const;

const headerLength = 16;
const ATTRIBUTE_ERROR_TEXT = 1;

/** One message. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Port of the socket it is for: the kernel chose it when the socket was bound. */
  readonly port: number;
  /** A view into the datagram. */
  readonly payload: Uint8Array;
}

/** Encodes a request as a datagram. */
export function encodeRequest(type: number, flags: number, sequence: number, payload: Uint8Array): Uint8Array {
  const head = new NetlinkWriter()
    .u32(headerLength + payload.length)
    .u16(type)
    .u16(netlinkFlags.request | flags)
    .u32(sequence)
    .u32(0)
    .finish();
  const datagram = new Uint8Array(headerLength + payload.length);
  datagram.set(head);
  datagram.set(payload, headerLength);
  return datagram;
}

/**
 * The messages of a datagram. Never throws: a message whose length makes no sense ends the list, as the kernel's own
 * macros (NLMSG_OK) have it.
 */
export function decodeDatagram(datagram: Uint8Array): NetlinkMessage[] {
  const reader = new NetlinkReader(datagram);
  const messages: NetlinkMessage[] = [];
  let start = 0;
  while (start + headerLength <= datagram.length) {
    const length = reader.u32(start);
    if (length < headerLength || length > datagram.length - start) break;
    messages.push({
      type: reader.u16(start + 4),
      flags: reader.u16(start + 6),
      sequence: reader.u32(start + 8),
      port: reader.u32(start + 12),
      payload: datagram.subarray(start + headerLength, start + length),
    });
    start += Math.ceil(length / 4) * 4;
  }
  return messages;
}

/** What a message of type `error` or `done` says: an error, or undefined for success. */
export function acknowledgement({ type, flags, payload }: NetlinkMessage): NetlinkError | undefined {
  const reader = new NetlinkReader(payload);
  const code = reader.i32(0);
  if (code === 0) return undefined;
  if ((flags & netlinkFlags.acknowledgementAttributes) === 0) return new NetlinkError(-code, undefined);
  const repeated = (flags & netlinkFlags.capped) !== 0 ? headerLength : Math.max(headerLength, reader.u32(4));
  const start = type === controlTypes.done ? 4 : 4 + Math.ceil(repeated / 4) * 4;
  return new NetlinkError(-code, reader.attributes(start).text(ATTRIBUTE_ERROR_TEXT));
}
