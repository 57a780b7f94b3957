import type { ByteStream } from "../../base/byte-stream.ts";
import type { Clock } from "../../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { type ErrorCode, KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import { ProtobufReader } from "../protobuf/reader.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { encodeData, encodeErrorResponse, encodeResponse, oversizedError, RequestEnvelope } from "./envelope.ts";
import { FrameDecoder, frameFlags, frameTypes } from "./frame.ts";
import type { BoundMethod, Peer, ServiceTable } from "./handlers.ts";
import { isRaw, toChunks } from "./raw-payload.ts";
import { ServerCall } from "./server-call.ts";
import { encodeStatus } from "./status.ts";

/** Bounds of one connection. When one is reached, no more is read until it is undercut: the client feels back-pressure. */
export interface TtrpcServerOptions {
  /** Requests being handled; 4,096 unless said otherwise. Calls that wait long, such as WaitProcess, count. */
  readonly maxInFlight?: number;
  /** Bytes of the requests being handled; 64 MiB unless said otherwise. */
  readonly maxInFlightBytes?: number;
  /** Bytes of responses that the client has not read; 4 MiB unless said otherwise. */
  readonly maxBacklogBytes?: number;
}

/** What a connection needs from its server. */
export interface ServerConnectionDeps {
  readonly stream: ByteStream;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly services: ServiceTable;
  readonly peer: Peer | undefined;
}

/** A frame that waits; its payload is its own. */
interface ParkedFrame {
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Longer timeouts than a timer takes count as none: 24 days. */
const maxTimeoutMs = 2 ** 31 - 1;
/** Where stream ids may start over: the protocol does not say, and a connection can live long enough. */
const wrapFrom = 0xc0000000;
const wrapTo = 0x40000000;

/** One client of a TtrpcServer. */
export class ServerConnection {
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  private readonly deps: ServerConnectionDeps;
  private readonly options: Required<TtrpcServerOptions>;
  private readonly never: Deadline;
  private readonly answers: AnswerWriter;
  /** Calls whose handlers did not answer at once, until they are answered. */
  private readonly calls = new Map<number, ServerCall>();
  private readonly request = new RequestEnvelope();
  private lastStreamId = 0;
  private inFlight = 0;
  private inFlightBytes = 0;
  private backlogged = false;
  /** Frames of the last chunk that exceeded a bound. Reading is paused while there are any, so they are few. */
  private parked: ParkedFrame[] = [];
  private unparking = false;
  private paused = false;
  /** Why the connection is over, once it is. */
  private over: KataError | undefined;
  private resolveClosed: () => void = () => undefined;

  constructor(deps: ServerConnectionDeps, options: Required<TtrpcServerOptions>) {
    this.deps = deps;
    this.options = options;
    this.answers = new AnswerWriter(deps.stream, () => this.watchBacklog());
    this.never = new Deadline(deps.clock, Number.POSITIVE_INFINITY);
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    const decoder = new FrameDecoder({
      frame: (streamId, type, flags, payload) => this.accept(streamId, type, flags, payload),
      oversized: (streamId, type, length) => {
        deps.logger.debug("ttrpc frame too big", { stream: streamId, type, length });
        this.refuse(streamId, oversizedError(length));
      },
    });
    deps.stream.start({
      data: (chunk) => {
        this.answers.hold();
        try {
          decoder.push(chunk);
        } finally {
          this.answers.release();
        }
      },
      close: (error) => this.finish(new KataError("cancelled", "The client is gone", { cause: error })),
    });
  }

  /** Requests whose handlers have not finished. */
  get requestsInFlight(): number {
    return this.inFlight;
  }

  /** Ends the connection once the answers given so far are written. Calls in flight are cancelled. */
  end(): void {
    this.answers.release();
    this.cancelAll(new KataError("cancelled", "The server is ending"));
    this.deps.stream.end();
  }

  /** Ends the connection at once. */
  close(): void {
    this.finish(new KataError("cancelled", "The server was closed"));
    this.deps.stream.close();
  }

  private finish(reason: KataError): void {
    this.cancelAll(reason);
    this.resolveClosed();
  }

  private cancelAll(reason: KataError): void {
    this.over ??= reason;
    this.parked = [];
    const calls = [...this.calls.values()];
    this.calls.clear();
    for (const call of calls) abandon(call, reason);
  }

  private get blocked(): boolean {
    // Mostly nothing is in flight.
    if (this.inFlight === 0) return this.backlogged;
    const { maxInFlight, maxInFlightBytes } = this.options;
    return this.inFlight >= maxInFlight || this.inFlightBytes >= maxInFlightBytes || this.backlogged;
  }

  private accept(streamId: number, type: number, flags: number, payload: ProtobufReader): void {
    if (this.over !== undefined) return;
    if (this.parked.length === 0 && !this.blocked) this.process(streamId, type, flags, payload);
    else this.parked.push({ streamId, type, flags, payload: payload.rest() });
    // What was answered at once changes nothing.
    if (this.inFlight > 0 || this.backlogged || this.parked.length > 0) this.updateFlow();
  }

  private updateFlow(): void {
    const pause = this.over === undefined && (this.parked.length > 0 || this.blocked);
    if (pause === this.paused) return;
    this.paused = pause;
    if (pause) this.deps.stream.pause();
    else this.deps.stream.resume();
  }

  /** Goes on with parked frames as far as the bounds allow. */
  private unpark(): void {
    if (this.unparking) return;
    this.unparking = true;
    let next = 0;
    while (next < this.parked.length && !this.blocked) {
      const { streamId, type, flags, payload } = this.parked[next++] as ParkedFrame;
      this.process(streamId, type, flags, new ProtobufReader(payload));
    }
    this.parked.splice(0, next);
    this.unparking = false;
    this.updateFlow();
  }

  private process(streamId: number, type: number, flags: number, payload: ProtobufReader): void {
    if (streamId % 2 !== 1) {
      this.refuse(streamId, invalid("StreamID must be odd for client initiated streams"));
    } else if (type === frameTypes.data) this.receiveData(streamId, flags);
    else if (type === frameTypes.request) this.receiveRequest(streamId, payload);
    else this.deps.logger.trace("ttrpc frame of unknown type", { stream: streamId, type });
  }

  /** No method here takes a stream from the client, so data can only be a mistake. */
  private receiveData(streamId: number, flags: number): void {
    const call = this.calls.get(streamId);
    if (call === undefined) this.refuse(streamId, invalid("StreamID is no longer active"));
    else if ((flags & frameFlags.noData) === 0) {
      const error = invalid("data handling error: the method takes no stream");
      this.answer(call, encodeErrorResponse(streamId, encodeStatus(error)));
      call.cancel(error);
    }
  }

  private receiveRequest(streamId: number, payload: ProtobufReader): void {
    const wraps = this.lastStreamId >= wrapFrom && streamId < wrapTo && !this.calls.has(streamId);
    if (streamId <= this.lastStreamId && !wraps) {
      this.refuse(streamId, invalid("StreamID cannot be re-used and must increment"));
      return;
    }
    this.lastStreamId = streamId;
    const { request } = this;
    try {
      request.decode(payload);
    } catch (error) {
      const { code } = KataError.from(error);
      this.refuse(streamId, new KataError(code, "unmarshal request error", { cause: error }));
      return;
    }
    const service = this.deps.services.get(request.service);
    const method = service?.get(request.method);
    if (method !== undefined) this.begin(streamId, method, payload);
    else if (service === undefined) this.refuse(streamId, unimplemented("service", request.service));
    else this.refuse(streamId, unimplemented("method", request.method));
  }

  private begin(streamId: number, method: BoundMethod, payload: ProtobufReader): void {
    const { metadata, timeoutNano } = this.request;
    const timeoutMs = timeoutNano === 0n ? 0 : Number(timeoutNano) / 1e6;
    if (timeoutMs < 0) {
      this.refuse(streamId, expired(method));
      return;
    }
    const timed = timeoutMs > 0 && timeoutMs <= maxTimeoutMs;
    const deadline = timed ? new Deadline(this.deps.clock, timeoutMs) : this.never;
    const call = new ServerCall(streamId, method, deadline, metadata, this.deps.peer);
    const bytes = payload.end - payload.position;
    let result: unknown;
    try {
      result = method.handler(decodeMessage(method, payload), call);
    } catch (error) {
      this.fail(call, error);
      return;
    }
    if (method.definition.stream === "server") {
      this.follow(call, bytes);
      this.sendStream(call, result as AsyncIterable<unknown>).then(
        () => this.settle(call),
        (error: unknown) => this.fail(call, error),
      );
    } else if (isPromise(result)) {
      this.follow(call, bytes);
      result.then(
        (message) => this.succeed(call, message),
        (error: unknown) => this.fail(call, error),
      );
    } else this.succeed(call, result);
  }

  /** Counts a call that its handler did not answer at once, until `settle`. */
  private follow(call: ServerCall, bytes: number): void {
    call.bytesInFlight = bytes;
    this.inFlight++;
    this.inFlightBytes += bytes;
    if (this.over !== undefined) {
      abandon(call, this.over);
      return;
    }
    this.calls.set(call.streamId, call);
    const { deadline } = call;
    if (deadline !== this.never) {
      call.timer = this.deps.clock.setTimer(deadline.remainingMs(), () => this.expire(call));
    }
  }

  private expire(call: ServerCall): void {
    const error = expired(call.method);
    this.answer(call, encodeErrorResponse(call.streamId, encodeStatus(error)));
    call.cancel(error);
  }

  private async sendStream(call: ServerCall, messages: AsyncIterable<unknown>): Promise<void> {
    for await (const message of messages) {
      if (call.isAnswered) return;
      const chunks = toChunks(call.method.definition.response, message);
      this.write(encodeData(call.streamId, 0, chunks));
      if (this.backlogged) await this.deps.stream.drained();
    }
    this.answer(call, encodeData(call.streamId, frameFlags.remoteClosed | frameFlags.noData, []));
  }

  private succeed(call: ServerCall, message: unknown): void {
    const { streamId, method } = call;
    if (!call.isAnswered) {
      try {
        if (isRaw(message)) this.write(encodeResponse(streamId, message.raw));
        else if (this.over === undefined) this.answers.respond(streamId, method.definition.response, message);
      } catch (error) {
        this.fail(call, error);
        return;
      }
      this.finishCall(call);
    }
    this.settle(call);
  }

  /** Answers with an error. What no handler throws on purpose goes to the log with its stack. */
  private fail(call: ServerCall, error: unknown): void {
    const { code } = KataError.from(error);
    const method = call.method.path;
    if (isExpected(error)) this.deps.logger.debug("RPC failed", { method, code, error });
    else {
      const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
      this.deps.logger.error("RPC handler threw", { method, error: message, stack });
    }
    this.answer(call, encodeErrorResponse(call.streamId, encodeStatus(error)));
    this.settle(call);
  }

  /** Sends the call's last frame, unless it has been sent. */
  private answer(call: ServerCall, chunks: readonly Uint8Array[]): void {
    if (call.isAnswered) return;
    this.write(chunks);
    this.finishCall(call);
  }

  private finishCall(call: ServerCall): void {
    if (call.bytesInFlight !== undefined) this.calls.delete(call.streamId);
    call.finish();
  }

  /** The handler is done: its share of the bounds is free. */
  private settle({ bytesInFlight }: ServerCall): void {
    if (bytesInFlight === undefined) return;
    this.inFlight--;
    this.inFlightBytes -= bytesInFlight;
    if (this.paused) this.unpark();
  }

  private refuse(streamId: number, error: KataError): void {
    this.write(encodeErrorResponse(streamId, encodeStatus(error)));
  }

  private write(chunks: readonly Uint8Array[]): void {
    if (this.over === undefined) this.answers.write(chunks);
  }

  private watchBacklog(): void {
    const { stream } = this.deps;
    if (this.backlogged || stream.pendingBytes < this.options.maxBacklogBytes) return;
    this.backlogged = true;
    void stream.drained().then(() => {
      this.backlogged = false;
      this.unpark();
    });
    this.updateFlow();
  }
}

function decodeMessage({ definition, path }: BoundMethod, payload: ProtobufReader): unknown {
  try {
    return definition.request.decodeFrom(payload);
  } catch (error) {
    throw new KataError(codeOf(error), `Malformed request to ${path}`, { cause: error });
  }
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof KataError ? error.code : "invalid-argument";
}

/** KataErrors and errors with an errno are answers; anything else is a mistake of this program. */
function isExpected(error: unknown): error is Error {
  return error instanceof KataError || typeof (error as { code?: unknown } | undefined)?.code === "string";
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}

function expired(method: BoundMethod): KataError {
  return new KataError("deadline-exceeded", `${method.path} took longer than its caller allows`);
}

/** Nobody waits for the call's answer any more. */
function abandon(call: ServerCall, reason: KataError): void {
  call.finish();
  call.cancel(reason);
}

function invalid(message: string): KataError {
  return new KataError("invalid-argument", message);
}

/** In the reference's words; the name comes from the peer, hence the cut. */
function unimplemented(kind: "service" | "method", name: string): KataError {
  return new KataError("unimplemented", `${kind} ${name.slice(0, 256)}`);
}
