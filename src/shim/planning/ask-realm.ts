import { type ErrorCode, KataError } from "../../base/error.ts";
import { inRealm } from "../../sys/linux/realm.ts";
import type { ErrorData, RealmAnswer } from "./answer.ts";

/** What a module does in a realm of its own; see `inRealm`. Throws the KataError that was thrown there. */
export function askRealm(module: string, request: unknown): unknown {
  const answer = inRealm(module, request) as RealmAnswer;
  if (answer.kind === "result") return answer.result;
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
