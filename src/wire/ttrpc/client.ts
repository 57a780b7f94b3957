import type { ByteStream } from "../../base/byte-stream.ts";
import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import { encodeMetadata, encodeRequest, oversizedError } from "./envelope.ts";
import { FrameDecoder, maxStreamId } from "./frame.ts";
import type { CallTarget, PendingCall, RpcOptions } from "./pending-call.ts";
import { StreamCall } from "./stream-call.ts";
import { UnaryCall } from "./unary-call.ts";

export interface TtrpcClientOptions {
  /** Calls in flight beyond which a new one fails with `resource-exhausted`; 65,536 unless said otherwise. */
  readonly maxPendingCalls?: number;
  /** Requests are held back while the stream has this many bytes to write; 1 MiB unless said otherwise. */
  readonly highWaterBytes?: number;
}

/** Longer timeouts are as good as none: timers and the wire's nanoseconds have their limits. */
const maxTimeoutMs = 2 ** 31 - 1;

/**
 * The client side of a ttrpc connection: any number of calls at once over one stream. Takes the stream over: nobody else
 * may start, read or close it. Requests leave in the order of the calls, also under back-pressure.
 *
 * Errors of a call are KataErrors: the peer's status; `unavailable` with the cause when the connection ends;
 * `deadline-exceeded` and `cancelled` by the call's options (the peer is not told: the protocol has no frame for it, but
 * it knows the deadline); `resource-exhausted` for messages above the frame limit of 4 MiB; `internal` for a response that
 * cannot be decoded.
 */
export class TtrpcClient {
  /** Resolves when the connection is over, with the reason; never rejects. */
  readonly closed: Promise<KataError>;
  /** Frames that came so far, late and unknown ones too: a peer that sends is alive. */
  receivedFrames = 0;
  private readonly stream: ByteStream;
  private readonly clock: Clock;
  private readonly logger: Logger | undefined;
  private readonly maxPending: number;
  private readonly highWater: number;
  private readonly calls = new Map<number, PendingCall>();
  private waiting: PendingCall[] = [];
  private flushing = false;
  private nextStreamId = 1;
  private end: KataError | undefined;
  private resolveClosed: (reason: KataError) => void = () => undefined;

  constructor(deps: { stream: ByteStream; clock: Clock; logger?: Logger }, options: TtrpcClientOptions = {}) {
    this.stream = deps.stream;
    this.clock = deps.clock;
    this.logger = deps.logger;
    this.maxPending = options.maxPendingCalls ?? 65536;
    this.highWater = options.highWaterBytes ?? 1 << 20;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    const decoder = new FrameDecoder({
      frame: (streamId, type, flags, payload) => this.receive(streamId, type, flags, payload.rest()),
      oversized: (streamId, _type, length) => this.dropOversized(streamId, length),
    });
    this.stream.start({
      data: (chunk) => decoder.push(chunk),
      close: (error) => {
        const cause = error ?? (decoder.midFrame ? new Error("The stream ended inside a frame") : undefined);
        this.finish(new KataError("unavailable", "The connection was closed", cause === undefined ? {} : { cause }));
      },
    });
  }

  /** Calls that wait for their answer or for their turn to be sent. */
  get pendingCalls(): number {
    return this.calls.size + this.waiting.length;
  }

  /**
   * Calls a unary method with an encoded message and decodes the answer, whose bytes `decode` may keep. `createClient`
   * offers this per method. Rejects as the class describes.
   */
  call<T>(
    target: CallTarget,
    payload: readonly Uint8Array[],
    options: RpcOptions,
    decode: (payload: Uint8Array) => T,
  ): Promise<T> {
    const call = new UnaryCall(target, payload, options, decode);
    this.submit(call);
    return call.result;
  }

  /** Calls a method that answers with a stream of messages. Ending the iteration early abandons the call. */
  openStream<T>(
    target: CallTarget,
    payload: readonly Uint8Array[],
    options: RpcOptions,
    decode: (payload: Uint8Array) => T,
  ): AsyncIterableIterator<T> {
    const call = new StreamCall(target, payload, options, decode, (abandoned) => this.calls.delete(abandoned.streamId));
    this.submit(call);
    return call;
  }

  /** Ends the connection; calls in flight fail with `unavailable` and `cause`. Harmless when it is over already. */
  close(cause?: unknown): void {
    this.finish(new KataError("unavailable", "The connection was closed by this side", { cause }));
    this.stream.close();
  }

  private submit(call: PendingCall): void {
    const { signal, timeoutMs } = call.options;
    const refusal = this.refusal(call);
    if (refusal !== undefined) {
      call.fail(refusal);
      return;
    }
    if (timeoutMs !== undefined && timeoutMs <= maxTimeoutMs) {
      call.deadlineMs = this.clock.nowMs() + timeoutMs;
      call.timer = this.clock.setTimer(timeoutMs, () => this.drop(call, expired(call, timeoutMs)));
    }
    if (signal !== undefined) call.watch(signal, () => this.drop(call, cancelled(call, signal.reason)));
    if (this.flushing || this.stream.pendingBytes >= this.highWater) {
      this.waiting.push(call);
      if (!this.flushing) void this.flush();
    } else this.send(call);
  }

  private refusal(call: PendingCall): KataError | undefined {
    const { signal, timeoutMs } = call.options;
    if (this.end !== undefined) return lost(call, this.end);
    if (signal?.aborted === true) return cancelled(call, signal.reason);
    if (timeoutMs !== undefined && timeoutMs <= 0) return expired(call, timeoutMs);
    if (this.pendingCalls < this.maxPending) return undefined;
    return new KataError("resource-exhausted", `More than ${this.maxPending} calls wait for an answer`);
  }

  /** Sends what waits, in order, at the pace of the stream. */
  private async flush(): Promise<void> {
    this.flushing = true;
    let next = 0;
    while (next < this.waiting.length) {
      if (this.stream.pendingBytes >= this.highWater) {
        this.waiting.splice(0, next);
        next = 0;
        await this.stream.drained();
      }
      const call = this.waiting[next++];
      if (call !== undefined && !call.settled) this.send(call);
    }
    this.waiting = [];
    this.flushing = false;
  }

  private send(call: PendingCall): void {
    const { metadata } = call.options;
    let chunks: Uint8Array[];
    const streamId = this.takeStreamId();
    try {
      chunks = encodeRequest({
        streamId,
        flags: call.requestFlags,
        target: call.target.encoded,
        metadata: metadata === undefined ? undefined : encodeMetadata(Object.entries(metadata)),
        timeoutNano: this.timeoutNano(call),
        payload: call.payload,
      });
    } catch (error) {
      call.fail(KataError.wrap(error, `The request to ${call.target.path} cannot be sent`));
      return;
    }
    call.streamId = streamId;
    this.calls.set(streamId, call);
    for (const chunk of chunks) this.stream.write(chunk);
  }

  /** Nanoseconds left for the call, at least one; undefined without a deadline. */
  private timeoutNano(call: PendingCall): number | undefined {
    if (call.deadlineMs === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(1, Math.round((call.deadlineMs - this.clock.nowMs()) * 1e6));
  }

  /** Odd numbers in rising order; after the last one it starts over, leaving out those in use. */
  private takeStreamId(): number {
    while (this.calls.has(this.nextStreamId)) this.advanceStreamId();
    const streamId = this.nextStreamId;
    this.advanceStreamId();
    return streamId;
  }

  private advanceStreamId(): void {
    this.nextStreamId = this.nextStreamId >= maxStreamId ? 1 : this.nextStreamId + 2;
  }

  private receive(streamId: number, type: number, flags: number, payload: Uint8Array): void {
    this.receivedFrames++;
    const call = this.calls.get(streamId);
    if (call === undefined) {
      this.logger?.trace("ttrpc frame on inactive stream", { stream: streamId, type });
      return;
    }
    if (call.receive(type, flags, payload)) this.calls.delete(streamId);
  }

  private dropOversized(streamId: number, length: number): void {
    const call = this.calls.get(streamId);
    if (call === undefined) return;
    this.drop(call, KataError.wrap(oversizedError(length), `The response to ${call.target.path} is too big`));
  }

  /** Ends one call early; frames that still come for it are ignored. */
  private drop(call: PendingCall, error: KataError): void {
    this.calls.delete(call.streamId);
    call.fail(error);
  }

  private finish(reason: KataError): void {
    if (this.end !== undefined) return;
    this.end = reason;
    const orphans = [...this.calls.values(), ...this.waiting];
    this.calls.clear();
    this.waiting = [];
    for (const call of orphans) call.fail(lost(call, reason));
    this.resolveClosed(reason);
  }
}

function lost(call: PendingCall, reason: KataError): KataError {
  return new KataError("unavailable", `No connection for ${call.target.path}`, { cause: reason });
}

function expired(call: PendingCall, timeoutMs: number): KataError {
  return new KataError("deadline-exceeded", `${call.target.path} was not answered within ${Math.round(timeoutMs)} ms`);
}

function cancelled(call: PendingCall, cause: unknown): KataError {
  return new KataError("cancelled", `${call.target.path} was cancelled`, cause === undefined ? {} : { cause });
}
