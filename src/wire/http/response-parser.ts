import { bodyFraming, excerpt, type HttpHeaders, hasControl, keepsAlive } from "./headers.ts";
import { HttpProtocolError } from "./http-error.ts";
import { type HttpLimits, MessageParser } from "./message-parser.ts";

/** A response. */
export interface HttpResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
  /** Whether the server goes on listening on this connection. */
  readonly keepAlive: boolean;
}

type ResponseHead = Omit<HttpResponse, "body"> & { readonly minorVersion: number };

/** Interim responses to one request beyond this are refused. */
const maxInterim = 16;

/**
 * Reads responses, each announced by `expect` because its body depends on the request's method. Interim responses
 * (100 Continue and the like) are skipped; a response that nobody asked for is an error.
 */
export class ResponseParser {
  private readonly parser: MessageParser<ResponseHead>;
  private expected: { readonly method: string } | undefined;
  private interim = 0;

  constructor(limits: HttpLimits, onResponse: (response: HttpResponse) => void) {
    this.parser = new MessageParser<ResponseHead>(
      {
        readHead: (startLine, headers) => this.readHead(startLine, headers),
        framing: (head) => {
          const bodiless = head.status < 200 || head.status === 204 || head.status === 304;
          if (bodiless || this.expected?.method === "HEAD") return undefined;
          return bodyFraming(head.headers, head.minorVersion) ?? { kind: "until-close" };
        },
        onHead: () => undefined,
        onMessage: ({ minorVersion, keepAlive, ...head }, body) => {
          if (head.status < 200) return;
          const delimited = bodyFraming(head.headers, minorVersion) !== undefined || body.length === 0;
          this.expected = undefined;
          onResponse({ ...head, body, keepAlive: keepAlive && delimited });
        },
      },
      limits,
    );
  }

  /** Announces the response to a request with this method. */
  expect(method: string): void {
    this.expected = { method };
    this.interim = 0;
  }

  /** Takes the next bytes; they may be reused after the call. Throws HttpProtocolError, after which the parser is done. */
  push(chunk: Uint8Array): void {
    this.parser.push(chunk);
  }

  /** The connection ended. Throws HttpProtocolError if that cuts a response short. */
  end(): void {
    this.parser.end();
  }

  private readHead(startLine: string, headers: HttpHeaders): ResponseHead {
    const [, minor, digits, reason = ""] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: (.*))?$/s.exec(startLine) ?? [];
    if (minor === undefined || digits === undefined || hasControl(reason)) {
      throw new HttpProtocolError(400, `Malformed status line ${excerpt(startLine)}`);
    }
    if (this.expected === undefined) throw new HttpProtocolError(400, "A response that was not asked for");
    const status = Number(digits);
    if (status === 101) throw new HttpProtocolError(501, "The server wants to switch protocols");
    if (status < 200 && ++this.interim > maxInterim) throw new HttpProtocolError(400, "Too many interim responses");
    const minorVersion = Number(minor);
    return { status, reason, headers, keepAlive: keepsAlive(headers, minorVersion), minorVersion };
  }
}
