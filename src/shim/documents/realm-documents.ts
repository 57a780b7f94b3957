import { type ErrorCode, KataError } from "../../base/error.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Bundle } from "../../oci/bundle.ts";
import { inRealm } from "../../sys/linux/realm.ts";
import type { BundleRequest, ConfigRequest, DocumentAnswer, Documents, ErrorData } from "./documents.ts";

/** The documents, read in realms of their own; see `inRealm`. */
export const realmDocuments: Documents = {
  bundle(path) {
    const bundle = read("bundle.js", { path } satisfies BundleRequest) as Bundle;
    const { spec } = bundle;
    // Their keys are a pod's author's, so they have no prototype; it came back on the way.
    const linux = { ...spec.linux, sysctl: bare(spec.linux.sysctl) };
    return { ...bundle, spec: { ...spec, linux, annotations: bare(spec.annotations) } };
  },
  config(path, annotations) {
    const module = Object.keys(annotations).length === 0 ? "config.js" : "pod-config.js";
    return read(module, { path, annotations } satisfies ConfigRequest) as RuntimeConfig;
  },
};

function read(module: string, request: BundleRequest | ConfigRequest): unknown {
  const answer = inRealm(module, request) as DocumentAnswer;
  if (answer.kind === "document") return answer.document;
  throw kataError(answer.error);
}

function kataError({ code, message, stage, field, hint, see, causes }: ErrorData): KataError {
  const cause = causes.reduceRight<Error | undefined>(
    (inner, text) => new Error(text, inner === undefined ? undefined : { cause: inner }),
    undefined,
  );
  return new KataError(code as ErrorCode, message, {
    ...(stage === undefined ? {} : { stage }),
    ...(field === undefined ? {} : { field }),
    ...(hint === undefined ? {} : { hint }),
    see,
    cause,
  });
}

function bare(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.assign(Object.create(null), map);
}
