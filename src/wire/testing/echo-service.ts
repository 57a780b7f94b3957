import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import type { Codec, ServiceDefinition } from "../codec.ts";

/** Codecs and a service for tests of ttrpc. */
export const text: Codec<string> = {
  encode: (message) => ({ finish: () => utf8Encode(message) }),
  decode: utf8Decode,
  encodeInto: (message, writer) => writer.append(utf8Encode(message)),
  decodeFrom: (reader) => utf8Decode(reader.rest()),
};

export const blob: Codec<Uint8Array> = {
  encode: (message) => ({ finish: () => message }),
  decode: (bytes) => bytes,
  encodeInto: (message, writer) => writer.append(message),
  decodeFrom: (reader) => reader.rest(),
};

export const echoService = {
  name: "test.v1.Echo",
  methods: {
    Echo: { request: text, response: text },
    Blob: { request: blob, response: blob },
    Wait: { request: text, response: text },
    Count: { request: text, response: text, stream: "server" },
    GetOOMEvent: { request: text, response: text },
  },
} as const satisfies ServiceDefinition;
