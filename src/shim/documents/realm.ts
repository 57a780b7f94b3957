// The module that runs in a realm of its own: parsers and schemas are a fifth of the shim's code and needed once.
import { causeChain, KataError } from "../../base/error.ts";
import { linux } from "../../sys/linux.ts";
import { directDocuments } from "./direct.ts";
import type { DocumentAnswer, DocumentRequest, ErrorData } from "./documents.ts";

/** Called by native/realm.c. */
export function run(request: DocumentRequest): DocumentAnswer {
  const documents = directDocuments(linux);
  try {
    const { path } = request;
    const document = request.kind === "bundle" ? documents.bundle(path) : documents.config(path, request.annotations);
    return { kind: "document", document };
  } catch (error) {
    return { kind: "error", error: errorData(error) };
  }
}

function errorData(thrown: unknown): ErrorData {
  const { code, message, stage, field, hint, see, cause } = KataError.from(thrown);
  return { code, message, stage, field, hint, see, causes: causeChain(cause) };
}
