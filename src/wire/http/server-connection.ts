import type { ByteStream } from "../../base/byte-stream.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { CancelSource } from "../../base/cancel.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { causeChain, KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import type { HttpReply, RouteTable } from "./handler.ts";
import { HttpProtocolError } from "./http-error.ts";
import type { HttpLimits } from "./message-parser.ts";
import { encodeReply, statusOf } from "./reply.ts";
import { type HttpRequest, RequestParser } from "./request-parser.ts";

/** Bounds of a server. */
export interface HttpServerLimits extends HttpLimits {
  readonly maxConnections: number;
  /** From a request's first byte to its last. */
  readonly requestTimeoutMs: number;
  /** Between requests. */
  readonly idleTimeoutMs: number;
}

/** What has to be answered, in the order it came. */
type Item =
  | { readonly kind: "continue" }
  | { readonly kind: "request"; readonly request: HttpRequest }
  | { readonly kind: "refuse"; readonly error: HttpProtocolError };

/** One client of an HttpServer. */
export class HttpServerConnection {
  private readonly deps: { stream: ByteStream; clock: Clock; logger: Logger; routes: RouteTable };
  private readonly limits: HttpServerLimits;
  private readonly onEnd: () => void;
  private readonly parser: RequestParser;
  private readonly gone = new CancelSource();
  private readonly queue: Item[] = [];
  private busy = false;
  private refusing = false;
  private over = false;
  private timer: Timer | undefined;
  private timedRequest = false;

  constructor(
    deps: { stream: ByteStream; clock: Clock; logger: Logger; routes: RouteTable },
    limits: HttpServerLimits,
    onEnd: () => void,
  ) {
    this.deps = deps;
    this.limits = limits;
    this.onEnd = onEnd;
    this.parser = new RequestParser(limits, {
      onHead: ({ expectsContinue }) => {
        if (expectsContinue) this.queue.push({ kind: "continue" });
      },
      onRequest: (request) => this.queue.push({ kind: "request", request }),
    });
    deps.stream.start({ data: (chunk) => this.receive(chunk), close: () => this.ended() });
    this.arm();
  }

  close(): void {
    this.deps.stream.close();
    this.ended();
  }

  private ended(): void {
    if (this.over) return;
    this.over = true;
    this.timer?.cancel();
    this.gone.cancel(new KataError("cancelled", "The HTTP client is gone"));
    this.onEnd();
  }

  private receive(chunk: Uint8Array): void {
    if (this.over || this.refusing) return;
    try {
      this.parser.push(chunk);
    } catch (error) {
      this.refusing = true;
      this.queue.push({ kind: "refuse", error: toProtocolError(error) });
    }
    if (this.queue.length === 0) this.arm();
    else if (!this.busy) void this.work();
  }

  /** Answers what is queued. Meanwhile nothing more is read, so the queue holds no more than one chunk's requests. */
  private async work(): Promise<void> {
    this.busy = true;
    this.deps.stream.pause();
    this.timer?.cancel();
    this.timedRequest = false;
    for (let item = this.queue.shift(); item !== undefined && !this.over; item = this.queue.shift()) {
      await this.answer(item);
      if (this.deps.stream.pendingBytes > 0) await this.deps.stream.drained();
    }
    this.busy = false;
    if (this.over || this.refusing) return;
    this.arm();
    this.deps.stream.resume();
  }

  private async answer(item: Item): Promise<void> {
    if (item.kind === "continue") this.deps.stream.write(utf8Encode("HTTP/1.1 100 Continue\r\n\r\n"));
    else if (item.kind === "refuse") {
      const { status, message } = item.error;
      this.finish(encodeReply({ status, body: `${message}\n` }, { keepAlive: false, head: false }), false);
    } else {
      const { request } = item;
      const reply = await this.handle(request);
      const options = { keepAlive: request.keepAlive, head: request.method === "HEAD" };
      this.finish(encodeReply(reply, options), request.keepAlive);
    }
  }

  private finish(chunks: readonly Uint8Array[], keepAlive: boolean): void {
    for (const chunk of chunks) this.deps.stream.write(chunk);
    if (keepAlive) return;
    this.queue.length = 0;
    this.refusing = true;
    this.deps.stream.end();
  }

  private async handle(request: HttpRequest): Promise<HttpReply> {
    const methods = this.deps.routes.get(request.path);
    if (methods === undefined) return { status: 404, body: "No such path\n" };
    const handler = methods.get(request.method === "HEAD" ? "GET" : request.method);
    if (handler === undefined) {
      const names = [...methods.keys()];
      const allowed = names.includes("GET") ? [...names, "HEAD"] : names;
      return { status: 405, headers: { Allow: allowed.join(", ") }, body: "Method not allowed\n" };
    }
    try {
      return await handler(request, { signal: this.gone.signal });
    } catch (error) {
      const failure = KataError.from(error);
      const status = statusOf(failure.code);
      if (status === 500) this.deps.logger.error("HTTP handler failed", { path: request.path, error: failure });
      return { status, body: `${causeChain(failure).join(": ")}\n` };
    }
  }

  /** Starts the clock of the request under way, or of the pause between two. */
  private arm(): void {
    const timed = this.parser.midRequest;
    if (timed && this.timedRequest) return;
    this.timer?.cancel();
    this.timedRequest = timed;
    const { requestTimeoutMs, idleTimeoutMs } = this.limits;
    this.timer = this.deps.clock.setTimer(timed ? requestTimeoutMs : idleTimeoutMs, () => {
      this.refusing = true;
      if (!timed) this.deps.stream.end();
      else
        this.finish(encodeReply({ status: 408, body: "Request too slow\n" }, { keepAlive: false, head: false }), false);
    });
  }
}

function toProtocolError(error: unknown): HttpProtocolError {
  if (error instanceof HttpProtocolError) return error;
  return new HttpProtocolError(400, KataError.from(error).message);
}
