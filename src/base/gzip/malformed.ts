import { KataError } from "../error.ts";

/** The error for data that no compressor writes; `what` completes the sentence. */
export function malformed(what: string): KataError {
  return new KataError("invalid-argument", `Invalid compressed data: ${what}`);
}
