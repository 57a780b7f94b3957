import { utf8Decode } from "../../base/bytes.ts";
import { type ErrorCode, KataError } from "../../base/error.ts";
import type { HttpResponse } from "./response-parser.ts";

const maxExcerpt = 1024;

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid-argument",
  403: "permission-denied",
  404: "not-found",
  405: "unimplemented",
  409: "already-exists",
  413: "resource-exhausted",
  429: "resource-exhausted",
  501: "unimplemented",
  503: "unavailable",
  504: "deadline-exceeded",
};

/**
 * Returns the response if its status is 2xx. Throws a KataError otherwise: `what` says in a sentence what was refused, the
 * cause has the status and the beginning of the body.
 */
export function expectSuccess(response: HttpResponse, what: string): HttpResponse {
  const { status, reason, body } = response;
  if (status >= 200 && status < 300) return response;
  const text = utf8Decode(body.subarray(0, maxExcerpt)).trim();
  const said = `HTTP ${status} ${reason}`.trimEnd();
  throw new KataError(codes[status] ?? "internal", what, { cause: new Error(text === "" ? said : `${said}: ${text}`) });
}
