import { causeChain, KataError } from "../../base/error.ts";
import type { DocumentAnswer, ErrorData } from "./documents.ts";

/** What a realm answers: the document that `read` returns, or its error as data. */
export function answer(read: () => unknown): DocumentAnswer {
  try {
    return { kind: "document", document: read() };
  } catch (error) {
    return { kind: "error", error: errorData(error) };
  }
}

function errorData(thrown: unknown): ErrorData {
  const { code, message, stage, field, hint, see, cause } = KataError.from(thrown);
  return { code, message, stage, field, hint, see, causes: causeChain(cause) };
}
