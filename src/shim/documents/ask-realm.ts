import { type ErrorCode, KataError } from "../../base/error.ts";
import { inRealm } from "../../sys/linux/realm.ts";
import type { BundleRequest, ConfigRequest, DocumentAnswer, ErrorData } from "./documents.ts";

/** The document that a module's realm reads. Throws the KataError that was thrown there. */
export function askRealm(module: string, request: BundleRequest | ConfigRequest): unknown {
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
