import { KataError } from "../../base/error.ts";
import { decodeResponse } from "./envelope.ts";
import { frameFlags, frameTypes } from "./frame.ts";
import { type CallTarget, PendingCall, type RpcOptions } from "./pending-call.ts";

/** Responses that a reader has not taken yet are kept up to these bounds; beyond them the call fails. */
const maxQueued = 1024;
const maxQueuedBytes = 8 << 20;

/** A call whose responses come one by one, read as an async iterator. */
export class StreamCall<T> extends PendingCall implements AsyncIterableIterator<T> {
  readonly requestFlags = frameFlags.remoteClosed;
  private readonly decode: (payload: Uint8Array) => T;
  private readonly abandon: (call: StreamCall<T>) => void;
  private queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private received = false;
  private error: KataError | undefined;
  private readers: { resolve(result: IteratorResult<T>): void; reject(error: KataError): void }[] = [];

  /** `abandon` is called when the reader stops before the end. */
  constructor(
    target: CallTarget,
    payload: readonly Uint8Array[],
    options: RpcOptions,
    decode: (payload: Uint8Array) => T,
    abandon: (call: StreamCall<T>) => void,
  ) {
    super(target, payload, options);
    this.decode = decode;
    this.abandon = abandon;
  }

  receive(type: number, flags: number, payload: Uint8Array): boolean {
    if (type === frameTypes.data) {
      if ((flags & frameFlags.noData) === 0) this.accept(payload);
      if ((flags & frameFlags.remoteClosed) !== 0) this.finish();
    } else if (type === frameTypes.response) this.receiveResponse(payload);
    else this.fail(this.unexpected(type));
    return this.settled;
  }

  fail(error: KataError): void {
    if (!this.settle()) return;
    this.error = error;
    const [first, ...others] = this.readers;
    this.readers = [];
    if (first !== undefined) {
      this.error = undefined;
      first.reject(error);
    }
    for (const reader of others) reader.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T>> {
    const payload = this.queue.shift();
    if (payload !== undefined) {
      this.queuedBytes -= payload.length;
      return this.decoded(payload);
    }
    if (this.error !== undefined) {
      const error = this.error;
      this.error = undefined;
      return Promise.reject(error);
    }
    if (this.settled) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T>> {
    this.queue = [];
    this.error = undefined;
    if (!this.settled) {
      this.finish();
      this.abandon(this);
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A response ends the stream: with an error, or with one last message (PROTOCOL.md, "Response"). */
  private receiveResponse(payload: Uint8Array): void {
    try {
      const response = decodeResponse(payload);
      if (response.error !== undefined) this.fail(response.error);
      else if (response.payload.length > 0 || !this.received) this.accept(response.payload);
    } catch (error) {
      this.fail(this.malformed(error));
    }
    this.finish();
  }

  private accept(payload: Uint8Array): void {
    if (this.settled) return;
    this.received = true;
    const reader = this.readers.shift();
    if (reader !== undefined) this.decoded(payload).then(reader.resolve, reader.reject);
    else if (this.queue.length >= maxQueued || this.queuedBytes + payload.length > maxQueuedBytes) {
      this.fail(new KataError("resource-exhausted", `Responses to ${this.target.path} are not read fast enough`));
    } else {
      this.queue.push(payload);
      this.queuedBytes += payload.length;
    }
  }

  private finish(): void {
    if (!this.settle()) return;
    for (const reader of this.readers) reader.resolve({ done: true, value: undefined });
    this.readers = [];
  }

  private decoded(payload: Uint8Array): Promise<IteratorResult<T>> {
    try {
      return Promise.resolve({ done: false, value: this.decode(payload) });
    } catch (error) {
      return Promise.reject(this.malformed(error));
    }
  }
}
