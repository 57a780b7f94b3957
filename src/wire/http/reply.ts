import { utf8Encode } from "../../base/bytes.ts";
import type { ErrorCode } from "../../base/error.ts";
import type { HttpReply } from "./handler.ts";

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** A reply as bytes. `head` leaves the body out but announces its length. */
export function encodeReply(reply: HttpReply, options: { keepAlive: boolean; head: boolean }): Uint8Array[] {
  const { status = 200, contentType = "text/plain; charset=utf-8", headers = {}, body = "" } = reply;
  const bytes = typeof body === "string" ? utf8Encode(body) : body;
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? ""}`];
  if (status !== 204 && status !== 304) {
    if (bytes.length > 0) lines.push(`Content-Type: ${contentType}`);
    lines.push(`Content-Length: ${bytes.length}`);
  }
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value.replaceAll(/[\r\n]/g, " ")}`);
  if (!options.keepAlive) lines.push("Connection: close");
  const head = utf8Encode(`${lines.join("\r\n")}\r\n\r\n`);
  return options.head || status === 204 || status === 304 ? [head] : [head, bytes];
}

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  "invalid-argument": 400,
  "out-of-range": 400,
  "permission-denied": 403,
  "not-found": 404,
  "already-exists": 409,
  "failed-precondition": 409,
  aborted: 409,
  "resource-exhausted": 429,
  unimplemented: 501,
  unavailable: 503,
  "deadline-exceeded": 504,
};

/** The HTTP status that fits an error's code. */
export function statusOf(code: ErrorCode): number {
  return statuses[code] ?? 500;
}
