import { KataError } from "./error.ts";

/** The part of the web's AbortSignal that this project uses; an AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Creates and triggers a CancelSignal. */
export class CancelSource {
  private cancelled = false;
  private why: unknown;
  private readonly listeners = new Set<() => void>();
  readonly signal: CancelSignal;

  constructor() {
    const source = this;
    this.signal = {
      get aborted() {
        return source.cancelled;
      },
      get reason() {
        return source.why;
      },
      addEventListener: (_type, listener) => void this.listeners.add(listener),
      removeEventListener: (_type, listener) => void this.listeners.delete(listener),
    };
  }

  /** Cancels once; later calls do nothing. Listeners run in the order they were added. */
  cancel(reason: unknown = new KataError("cancelled", "The operation was cancelled")): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.why = reason;
    for (const listener of [...this.listeners]) listener();
    this.listeners.clear();
  }
}

/** Options that every long-running public function takes last. */
export interface CallOptions {
  readonly signal?: CancelSignal;
  /** Milliseconds from now; absent means the callee's default. */
  readonly timeoutMs?: number;
}
