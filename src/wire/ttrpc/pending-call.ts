import type { CallOptions, CancelSignal } from "../../base/cancel.ts";
import type { Timer } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { encodeTarget } from "./envelope.ts";

/** What every call takes besides its message. */
export interface RpcOptions extends CallOptions {
  /** Sent along with the request. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>;
}

/** A method of a service, with the bytes that name it in a request. */
export class CallTarget {
  readonly service: string;
  readonly method: string;
  private bytes: Uint8Array | undefined;

  constructor(service: string, method: string) {
    this.service = service;
    this.method = method;
  }

  get encoded(): Uint8Array {
    this.bytes ??= encodeTarget(this.service, this.method);
    return this.bytes;
  }

  /** As the reference writes it: `/service/method`. */
  get path(): string {
    return `/${this.service}/${this.method}`;
  }
}

/** A call that waits for its answer. The client owns it and tells it what happens on its stream. */
export abstract class PendingCall {
  readonly target: CallTarget;
  readonly payload: readonly Uint8Array[];
  readonly options: RpcOptions;
  /** Flags of the request frame. */
  abstract readonly requestFlags: number;
  /** 0 until the request is sent. */
  streamId = 0;
  /** When the call has to be over, on the client's clock; Infinity without a deadline. */
  deadlineMs = Number.POSITIVE_INFINITY;
  settled = false;
  timer: Timer | undefined;
  private signal: CancelSignal | undefined;
  private onAbort: (() => void) | undefined;

  constructor(target: CallTarget, payload: readonly Uint8Array[], options: RpcOptions) {
    this.target = target;
    this.payload = payload;
    this.options = options;
  }

  /** Takes a frame of the call's stream; returns true when the call is over. */
  abstract receive(type: number, flags: number, payload: Uint8Array): boolean;
  /** Ends the call with an error. Only the first end counts. */
  abstract fail(error: KataError): void;

  /** Calls `abort` when the signal fires before the call is over. */
  watch(signal: CancelSignal, abort: () => void): void {
    this.signal = signal;
    this.onAbort = abort;
    signal.addEventListener("abort", abort);
  }

  /** Drops timer and listener; every end of a call comes through here. Returns false when it was over already. */
  settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.timer?.cancel();
    if (this.onAbort !== undefined) this.signal?.removeEventListener("abort", this.onAbort);
    return true;
  }

  protected malformed(cause: unknown): KataError {
    return new KataError("internal", `Malformed response to ${this.target.path}`, { cause });
  }

  protected unexpected(type: number): KataError {
    return new KataError("internal", `Unexpected frame of type ${type} in response to ${this.target.path}`);
  }
}
