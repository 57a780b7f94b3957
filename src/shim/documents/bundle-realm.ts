// A module that runs in a realm of its own: parsers and schemas are a fifth of the shim's code and needed once.
import { loadBundle } from "../../oci/bundle.ts";
import { linuxFiles } from "../../sys/linux/files.ts";
import { answer } from "./answer.ts";
import type { BundleRequest, DocumentAnswer } from "./documents.ts";

/** Called by native/realm.c. */
export function run({ path }: BundleRequest): DocumentAnswer {
  return answer(() => loadBundle(linuxFiles, path));
}
