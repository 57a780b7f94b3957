import { bodyFraming, excerpt, type HttpHeaders, keepsAlive } from "./headers.ts";
import { HttpProtocolError } from "./http-error.ts";
import { type HttpLimits, MessageParser } from "./message-parser.ts";

/** The part of a request before its body. */
export interface HttpRequestHead {
  readonly method: string;
  /** Without the query, percent-encoding undone. */
  readonly path: string;
  /** Of equal names the last counts. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: HttpHeaders;
  /** Whether the client goes on using this connection. */
  readonly keepAlive: boolean;
  /** Whether the client waits for 100 Continue before it sends the body. */
  readonly expectsContinue: boolean;
}

/** A request. */
export interface HttpRequest extends HttpRequestHead {
  readonly body: Uint8Array;
}

type Head = HttpRequestHead & { readonly minorVersion: number };

/** Reads requests with a target in origin form (`/path?query`). */
export class RequestParser {
  private readonly parser: MessageParser<Head>;

  constructor(
    limits: HttpLimits,
    handlers: { onHead(head: HttpRequestHead): void; onRequest(request: HttpRequest): void },
  ) {
    this.parser = new MessageParser<Head>(
      {
        readHead,
        framing: ({ headers, minorVersion }) => bodyFraming(headers, minorVersion),
        onHead: (head) => handlers.onHead(head),
        onMessage: (head, body) => handlers.onRequest({ ...head, body }),
      },
      limits,
    );
  }

  /** True when the bytes so far end inside a request. */
  get midRequest(): boolean {
    return this.parser.midMessage;
  }

  /** Takes the next bytes; they may be reused after the call. Throws HttpProtocolError, after which the parser is done. */
  push(chunk: Uint8Array): void {
    this.parser.push(chunk);
  }
}

function readHead(startLine: string, headers: HttpHeaders): Head {
  const [, method, target, version] = /^([A-Z]{1,20}) ([\x21-\x7e]+) HTTP\/(\d\.\d)$/.exec(startLine) ?? [];
  if (method === undefined || target === undefined || version === undefined) {
    throw new HttpProtocolError(400, `Malformed request line ${excerpt(startLine)}`);
  }
  if (version !== "1.1" && version !== "1.0") throw new HttpProtocolError(505, `HTTP version ${version}`);
  const minorVersion = version === "1.1" ? 1 : 0;
  if (minorVersion === 1 && !headers.has("host")) throw new HttpProtocolError(400, "Header field Host is missing");
  const expectation = headers.get("expect");
  if (expectation !== undefined && expectation.toLowerCase() !== "100-continue") {
    throw new HttpProtocolError(417, `Expect ${excerpt(expectation)}`);
  }
  return {
    method,
    ...readTarget(target),
    headers,
    keepAlive: keepsAlive(headers, minorVersion),
    expectsContinue: expectation !== undefined && minorVersion === 1,
    minorVersion,
  };
}

function readTarget(target: string): { path: string; query: ReadonlyMap<string, string> } {
  if (!target.startsWith("/") || target.includes("#")) {
    throw new HttpProtocolError(400, `Request target ${excerpt(target)} is not a path`);
  }
  const mark = target.indexOf("?");
  const query = new Map<string, string>();
  for (const pair of mark < 0 ? [] : target.slice(mark + 1).split("&")) {
    const equals = pair.indexOf("=");
    if (equals < 0) query.set(decode(pair), "");
    else query.set(decode(pair.slice(0, equals)), decode(pair.slice(equals + 1)));
  }
  return { path: decode(mark < 0 ? target : target.slice(0, mark)), query };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The engine's error says no more than this one does.
    throw new HttpProtocolError(400, `Malformed percent-encoding ${excerpt(text)}`);
  }
}
