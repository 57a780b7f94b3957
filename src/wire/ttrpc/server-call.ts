import { type CancelSignal, CancelSource } from "../../base/cancel.ts";
import type { Timer } from "../../base/clock.ts";
import type { Deadline } from "../../base/deadline.ts";
import type { Metadata } from "./envelope.ts";
import type { BoundMethod, CallContext, Peer } from "./handlers.ts";

/** One request being handled: what its handler sees, and whether it has been answered. */
export class ServerCall implements CallContext {
  readonly streamId: number;
  readonly method: BoundMethod;
  readonly deadline: Deadline;
  readonly metadata: Metadata;
  readonly peer?: Peer;
  /** Bytes of the request, from when the call counts as in flight: when its handler did not answer at once. */
  bytesInFlight: number | undefined;
  /** Stops the deadline's timer. */
  timer: Timer | undefined;
  private answered = false;
  private listeners: (() => void)[] | undefined;
  private source: CancelSource | undefined;
  private reason: { readonly value: unknown } | undefined;

  constructor(streamId: number, method: BoundMethod, deadline: Deadline, metadata: Metadata, peer: Peer | undefined) {
    this.streamId = streamId;
    this.method = method;
    this.deadline = deadline;
    this.metadata = metadata;
    if (peer !== undefined) this.peer = peer;
  }

  /** Made when a handler asks for it: most never do. */
  get signal(): CancelSignal {
    if (this.source === undefined) {
      this.source = new CancelSource();
      if (this.reason !== undefined) this.source.cancel(this.reason.value);
    }
    return this.source.signal;
  }

  onFinished(listener: () => void): void {
    this.listeners ??= [];
    this.listeners.push(listener);
  }

  get isAnswered(): boolean {
    return this.answered;
  }

  /** Notes that the call is over: its last frame was written, or nobody waits for it. Does nothing when it was over. */
  finish(): void {
    if (this.answered) return;
    this.answered = true;
    this.timer?.cancel();
    if (this.listeners !== undefined) for (const listener of this.listeners) listener();
  }

  /** Tells the handler that nobody waits for its answer. */
  cancel(reason: unknown): void {
    this.reason ??= { value: reason };
    this.source?.cancel(reason);
  }
}
