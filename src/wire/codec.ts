/**
 * Shapes shared by everything that moves protobuf messages: what a codec is, and how a service is described.
 * Generated message types satisfy `Codec` as they are; `services/` lists them per method; the ttrpc client and server
 * are generic over these tables. Nothing here knows a transport.
 */

import type { ProtobufReader } from "./protobuf/reader.ts";
import type { ProtobufWriter } from "./protobuf/writer.ts";

/** Encoded form of a message, still in its writer; `finish` hands out the bytes and may be called once. */
interface Encoded {
  finish(): Uint8Array;
}

/**
 * Turns messages of one type into protobuf bytes and back. The codecs in `gen/` are `MessageType`s, which also bound what
 * hostile bytes can cost.
 *
 * `encode` throws KataError `out-of-range`; `decode` throws KataError `invalid-argument` or `resource-exhausted`. `bytes`
 * fields of a decoded message are views into the input, so the input must not be reused while the message lives.
 */
export interface Codec<T> {
  // Method syntax on purpose: it makes Codec<Foo> assignable to Codec<unknown>, which generic tables need.
  encode(message: T): Encoded;
  decode(bytes: Uint8Array): T;
  /** As `encode`, behind what the writer holds; when it throws, a part of the message may be there. */
  encodeInto(message: T, writer: ProtobufWriter): void;
  /** As `decode`, of the reader's bytes up to its end. */
  decodeFrom(reader: ProtobufReader): T;
}

/** One RPC of a service. Without `stream` it is unary; "server" means one request, then any number of responses. */
export interface MethodDefinition<Req = unknown, Res = unknown> {
  readonly request: Codec<Req>;
  readonly response: Codec<Res>;
  readonly stream?: "server";
}

/** A service as it is named on the wire: fully qualified `name`, and methods by their exact wire name. */
export interface ServiceDefinition {
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** Names of the methods of a service. */
export type MethodName<S extends ServiceDefinition> = keyof S["methods"] & string;

/** Names of the methods of a service that answer exactly once. */
export type UnaryMethodName<S extends ServiceDefinition> = {
  [M in MethodName<S>]: S["methods"][M] extends { readonly stream: "server" } ? never : M;
}[MethodName<S>];

/** Names of the methods of a service that answer with a stream. */
export type StreamMethodName<S extends ServiceDefinition> = Exclude<MethodName<S>, UnaryMethodName<S>>;

/** The message a codec encodes and decodes. */
type MessageOf<C> = C extends { decode(bytes: Uint8Array): infer T } ? T : never;

/** Request message of method `M` of service `S`. */
export type RequestOf<S extends ServiceDefinition, M extends MethodName<S>> = MessageOf<S["methods"][M]["request"]>;

/** Response message of method `M` of service `S` (for a streaming method: one element). */
export type ResponseOf<S extends ServiceDefinition, M extends MethodName<S>> = MessageOf<S["methods"][M]["response"]>;
