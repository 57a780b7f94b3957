import { base64Decode } from "../../base/base64.ts";
import { KataError } from "../../base/error.ts";
import { gunzip } from "../../base/gzip/gunzip.ts";

/** The pod's annotation that carries initdata. */
export const initdataAnnotation = "io.katacontainers.config.hypervisor.cc_init_data";

/** Initdata as they come and as they are meant. */
export interface UnpackedInitdata {
  /** The gzip data: what the guest gets. */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** The TOML document's bytes: what is measured. */
  readonly document: Uint8Array<ArrayBuffer>;
}

/** Characters of the annotation, bytes of the document. */
const mostCharacters = 1 << 20;
const mostBytes = 2 << 20;

/**
 * Unpacks the annotation's value: base64 of gzip of a TOML document. Line ends in the base64 are skipped. Throws KataError
 * `invalid-argument`, or `resource-exhausted` for a value above 1 Mi characters and for a document above 2 MiB, which is not
 * unpacked any further.
 */
export function unpackInitdata(value: string): UnpackedInitdata {
  if (value.length > mostCharacters) {
    throw new KataError(
      "resource-exhausted",
      `Initdata of ${value.length} characters are too long: at most ${mostCharacters} are allowed`,
      { field: initdataAnnotation },
    );
  }
  try {
    const packed = decodeStrictly(value.replace(/[\r\n]+/g, ""));
    return { packed, document: gunzip(packed, mostBytes) };
  } catch (error) {
    throw KataError.wrap(error, "Initdata cannot be unpacked", {
      field: initdataAnnotation,
      hint: "The value is made with: gzip -c initdata.toml | base64 -w0",
    });
  }
}

/** The standard alphabet with its padding only. */
function decodeStrictly(text: string): Uint8Array<ArrayBuffer> {
  const wrong = /[^A-Za-z0-9+/=]/.exec(text);
  if (wrong !== null) {
    throw new KataError("invalid-argument", `Invalid base64 at character ${wrong.index + 1}`);
  }
  if (text.length % 4 !== 0) {
    throw new KataError("invalid-argument", `Invalid base64: ${text.length} characters are no multiple of 4`);
  }
  return base64Decode(text);
}
