import { causeChain, KataError } from "../../base/error.ts";

/** The answer of a realm. Errors lose their class on the way, so they travel as data. */
export type RealmAnswer =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly error: ErrorData };

/** A KataError as plain data; the causes' messages, outermost first. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly stage: string | undefined;
  readonly field: string | undefined;
  readonly hint: string | undefined;
  readonly see: readonly string[];
  readonly causes: readonly string[];
}

/** What a realm answers: what `work` returns, plain data, or its error as data. */
export function answer(work: () => unknown): RealmAnswer {
  try {
    return { kind: "result", result: work() };
  } catch (error) {
    return { kind: "error", error: errorData(error) };
  }
}

function errorData(thrown: unknown): ErrorData {
  const { code, message, stage, field, hint, see, cause } = KataError.from(thrown);
  return { code, message, stage, field, hint, see, causes: causeChain(cause) };
}
