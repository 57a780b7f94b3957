// Evaluated before the program's own module: the globals that src/ may rely on, and the printer for errors at load.
import * as native from "kata:native";
import { faultText } from "./symbolize.ts";

class Encoder {
  encode(text = ""): Uint8Array<ArrayBuffer> {
    return native.utf8Encode(text);
  }
}

class Decoder {
  private readonly fatal: boolean;
  private readonly keepMark: boolean;

  constructor(_label?: string, options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    this.fatal = options.fatal ?? false;
    this.keepMark = options.ignoreBOM ?? false;
  }

  decode(bytes: Uint8Array = new Uint8Array(0)): string {
    const text = native.utf8Decode(bytes, this.fatal);
    return !this.keepMark && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

/** What the pure modules look for; see src/base/sha256.ts. */
const digests = {
  start: () => native.sha256Start(),
  add: (state: Uint8Array, bytes: Uint8Array) => void native.sha256Add(state, bytes),
  finish: (state: Uint8Array) => native.sha256Finish(state),
};

/** What src/base/text-in-place.ts looks for. */
const texts = { encode: native.utf8EncodeAt, decode: native.utf8DecodeAt };

Object.assign(globalThis, { TextEncoder: Encoder, TextDecoder: Decoder, kataSha256: digests, kataTexts: texts });
native.onFatal(faultText);
