import type { ByteStream } from "../../base/byte-stream.ts";
import { utf8Encode } from "../../base/bytes.ts";
import type { CallOptions } from "../../base/cancel.ts";
import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { Waiter } from "../waiter.ts";
import { HttpClientConnection } from "./client-connection.ts";
import { excerpt, hasControl } from "./headers.ts";
import { HttpProtocolError } from "./http-error.ts";
import type { HttpResponse } from "./response-parser.ts";

/** A request to send. */
export interface HttpClientRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Path and query, percent-encoded by the caller. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as UTF-8. */
  readonly body?: Uint8Array | string;
}

export interface HttpClientOptions {
  /** Host header; `localhost` unless said otherwise, as for a unix socket. */
  readonly host?: string;
  /** Timeout of requests that set none; 10 s unless said otherwise. */
  readonly timeoutMs?: number;
  /** 64 KiB unless said otherwise. */
  readonly maxHeadBytes?: number;
  /** 16 MiB unless said otherwise. */
  readonly maxBodyBytes?: number;
}

/**
 * An HTTP/1.1 client for one server: a connection that is kept alive, one request at a time, others queue up. Any status
 * is an answer; see `expectSuccess`. A request rejects with a KataError that names it: `unavailable` when the server cannot
 * be reached or closes, `data-loss` for a malformed response, `resource-exhausted` for one above a bound,
 * `deadline-exceeded` and `cancelled`; the connection is then given up, for the answer may still come.
 */
export class HttpClient {
  private readonly connect: (options: CallOptions) => Promise<ByteStream>;
  private readonly clock: Clock;
  private readonly options: Required<HttpClientOptions>;
  private connection: HttpClientConnection | undefined;
  private queue: Promise<void> = Promise.resolve();
  private closed = false;

  /** `connect` opens a stream, not yet started, within the given time. */
  constructor(
    deps: { connect: (options: CallOptions) => Promise<ByteStream>; clock: Clock },
    options: HttpClientOptions = {},
  ) {
    this.connect = deps.connect;
    this.clock = deps.clock;
    this.options = {
      host: options.host ?? "localhost",
      timeoutMs: options.timeoutMs ?? 10_000,
      maxHeadBytes: options.maxHeadBytes ?? 65536,
      maxBodyBytes: options.maxBodyBytes ?? 16 << 20,
    };
  }

  /** Sends a request. The timeout covers waiting for its turn and connecting. Rejects as the class describes. */
  async request(request: HttpClientRequest, options: CallOptions = {}): Promise<HttpResponse> {
    const body = typeof request.body === "string" ? utf8Encode(request.body) : (request.body ?? new Uint8Array(0));
    const head = this.encodeHead(request, body.length);
    const what = `${request.method} ${request.path}`;
    let active = false;
    const timed = { timeoutMs: this.options.timeoutMs, ...options };
    const waiter = new Waiter<HttpResponse>(this.clock, what, timed, () => {
      if (active) this.drop();
    });
    this.queue = this.queue.then(async () => {
      if (waiter.isOver) return;
      active = true;
      try {
        waiter.resolve(await this.exchange(request.method, head, body, waiter, timed));
      } catch (error) {
        waiter.reject(failure(what, error));
      } finally {
        active = false;
      }
    });
    return waiter.promise;
  }

  /** Ends the connection; requests in flight and later ones fail with `unavailable`. */
  close(): void {
    this.closed = true;
    this.drop();
  }

  private async exchange(
    method: string,
    head: Uint8Array,
    body: Uint8Array,
    waiter: Waiter<HttpResponse>,
    options: CallOptions,
  ): Promise<HttpResponse> {
    const kept = this.connection?.isOpen === true ? this.connection : undefined;
    if (kept !== undefined) {
      try {
        return await kept.exchange(method, head, body);
      } catch (error) {
        // A server may close an idle connection just when the request is on its way; only harmless ones are repeated.
        const repeat = !kept.wasAnswered && !waiter.isOver && (method === "GET" || method === "HEAD");
        if (!repeat) throw error;
      }
    }
    const connection = await this.open(waiter, options);
    return connection.exchange(method, head, body);
  }

  private async open(waiter: Waiter<HttpResponse>, options: CallOptions): Promise<HttpClientConnection> {
    if (this.closed) throw new KataError("unavailable", "The client was closed");
    const stream = await this.connect(options).catch((cause: unknown) => {
      const { code } = KataError.from(cause);
      const given = code === "deadline-exceeded" || code === "cancelled" ? code : "unavailable";
      throw new KataError(given, "Cannot connect to the server", { cause });
    });
    if (waiter.isOver || this.closed) {
      stream.close();
      throw new KataError("unavailable", "The request was given up while connecting");
    }
    this.connection = new HttpClientConnection(stream, this.options);
    return this.connection;
  }

  private drop(): void {
    this.connection?.close();
    this.connection = undefined;
  }

  private encodeHead({ method, path, headers = {} }: HttpClientRequest, bodyLength: number): Uint8Array {
    if (!/^\/[\x21-\x7e]*$/.test(path)) throw new KataError("invalid-argument", `Request path ${excerpt(path)}`);
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${this.options.host}`];
    if (bodyLength > 0 || (method !== "GET" && method !== "HEAD")) lines.push(`Content-Length: ${bodyLength}`);
    for (const [name, value] of Object.entries(headers)) {
      if (!/^[\w-]+$/.test(name) || hasControl(value)) {
        throw new KataError("invalid-argument", `Header field ${excerpt(`${name}: ${value}`)}`);
      }
      lines.push(`${name}: ${value}`);
    }
    return utf8Encode(`${lines.join("\r\n")}\r\n\r\n`);
  }
}

function failure(what: string, cause: unknown): KataError {
  const { code } = KataError.from(cause);
  const malformed = cause instanceof HttpProtocolError && code !== "resource-exhausted";
  return new KataError(malformed ? "data-loss" : code, `${what} failed`, { cause });
}
