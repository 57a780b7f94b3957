import { HttpProtocolError } from "./http-error.ts";

/** Header fields by lower-case name. Fields that came several times are joined by `, `. */
export type HttpHeaders = ReadonlyMap<string, string>;

/** Fields that change where a message ends or whom it is for: given twice they are an attempt at request smuggling. */
const onlyOnce = new Set(["content-length", "transfer-encoding", "host"]);
const maxFields = 100;

/** Collects the lines of a header section under the rules of RFC 9112 section 5. */
export class HeaderCollector {
  readonly headers = new Map<string, string>();
  private count = 0;

  /** Adds a line. Throws HttpProtocolError. */
  add(line: string): void {
    if (++this.count > maxFields) throw new HttpProtocolError(431, `More than ${maxFields} header fields`);
    const match = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/s.exec(line);
    const [, field = "", value = ""] = match ?? [];
    // Also refuses lines that continue the one before (obs-fold) and white space before the colon.
    if (match === null) throw new HttpProtocolError(400, `Malformed header field ${excerpt(line)}`);
    if (hasControl(value)) throw new HttpProtocolError(400, `Control character in header field ${field}`);
    const name = field.toLowerCase();
    const before = this.headers.get(name);
    if (before === undefined) this.headers.set(name, value);
    else if (onlyOnce.has(name)) throw new HttpProtocolError(400, `Header field ${field} appears twice`);
    else this.headers.set(name, `${before}, ${value}`);
  }
}

/** How the body of a message is delimited. */
export type BodyFraming =
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

/**
 * How the body is delimited (RFC 9112 section 6.3); undefined when no field says so. Throws HttpProtocolError for every
 * combination that two parties could read differently.
 */
export function bodyFraming(headers: HttpHeaders, minorVersion: number): BodyFraming | undefined {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined) throw new HttpProtocolError(400, "Both Transfer-Encoding and Content-Length are given");
    if (minorVersion === 0) throw new HttpProtocolError(400, "Transfer-Encoding in HTTP/1.0");
    if (coding.toLowerCase() !== "chunked") throw new HttpProtocolError(501, `Transfer-Encoding ${excerpt(coding)}`);
    return { kind: "chunked" };
  }
  if (length === undefined) return undefined;
  if (!/^\d{1,15}$/.test(length)) throw new HttpProtocolError(400, `Malformed Content-Length ${excerpt(length)}`);
  return { kind: "length", length: Number(length) };
}

/** Whether the connection is used on after this message (RFC 9112 section 9.3). */
export function keepsAlive(headers: HttpHeaders, minorVersion: number): boolean {
  const options = (headers.get("connection") ?? "").toLowerCase().split(/[ \t]*,[ \t]*/);
  return !options.includes("close") && minorVersion > 0;
}

/** True for texts that may not stand in a start line or field value. */
export function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return /[\0-\x08\x0a-\x1f\x7f]/.test(text);
}

/** The beginning of a text from a peer, quoted. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
