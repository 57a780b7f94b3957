import { podJudge } from "../../config/annotations/judge-pod.ts";
import { loadRuntimeConfig } from "../../config/load.ts";
import { loadBundle } from "../../oci/bundle.ts";
import type { Sys } from "../../sys/sys.ts";
import type { Documents } from "./documents.ts";

/** The documents, read by the caller's own realm. */
export function directDocuments(sys: Sys): Documents {
  return {
    bundle: (path) => loadBundle(sys, path),
    config: (path, annotations) => loadRuntimeConfig({ sys }, { path, judge: podJudge(annotations) }),
  };
}
