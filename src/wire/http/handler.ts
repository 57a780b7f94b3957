import type { CancelSignal } from "../../base/cancel.ts";
import type { HttpRequest } from "./request-parser.ts";

/** What a handler answers. */
export interface HttpReply {
  /** 200 unless said otherwise. */
  readonly status?: number;
  /** `text/plain; charset=utf-8` unless said otherwise. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as UTF-8. */
  readonly body?: string | Uint8Array;
}

/** Serves one route. A thrown KataError becomes the status that fits its code, with the cause chain as the body. */
export type HttpHandler = (
  request: HttpRequest,
  context: { readonly signal: CancelSignal },
) => HttpReply | Promise<HttpReply>;

export type HttpMethod = "GET" | "PUT" | "POST" | "DELETE";

/** Routes by path, then by method. */
export type RouteTable = ReadonlyMap<string, ReadonlyMap<string, HttpHandler>>;
