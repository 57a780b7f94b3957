import { type ErrorCode, KataError } from "../../base/error.ts";

/** A message that breaks HTTP's rules or a bound; `status` is what a server answers. */
export class HttpProtocolError extends KataError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(codeOf(status), message);
    this.status = status;
  }

  // KataError recognises its kind by a mark that this class has too; so has any other KataError.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return KataError[Symbol.hasInstance](value) && typeof (value as { status?: unknown }).status === "number";
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 413 || status === 414 || status === 431) return "resource-exhausted";
  return status === 501 || status === 505 ? "unimplemented" : "invalid-argument";
}
