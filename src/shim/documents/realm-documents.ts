import { type ErrorCode, KataError } from "../../base/error.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Bundle } from "../../oci/bundle.ts";
import { inRealm } from "../../sys/linux/realm.ts";
import type { DocumentAnswer, DocumentRequest, Documents, ErrorData } from "./documents.ts";

/** The documents, read in realms of their own; see `inRealm`. */
export const realmDocuments: Documents = {
  bundle(path) {
    const bundle = read({ kind: "bundle", path }) as Bundle;
    const { spec } = bundle;
    // Their keys are a pod's author's, so they have no prototype; it came back on the way.
    const linux = { ...spec.linux, sysctl: bare(spec.linux.sysctl) };
    return { ...bundle, spec: { ...spec, linux, annotations: bare(spec.annotations) } };
  },
  config: (path, annotations) => read({ kind: "config", path, annotations }) as RuntimeConfig,
};

function read(request: DocumentRequest): unknown {
  const answer = inRealm("documents.js", request) as DocumentAnswer;
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
