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
  private readonly state = new State();

  /** It does not know its source: a cycle would keep both, and what listeners hold, until garbage is collected. */
  get signal(): CancelSignal {
    return this.state;
  }

  /** Cancels once; later calls do nothing. Listeners run in the order they were added. */
  cancel(reason: unknown = new KataError("cancelled", "The operation was cancelled")): void {
    const { state } = this;
    if (state.aborted) return;
    state.aborted = true;
    state.reason = reason;
    for (const listener of [...state.listeners]) listener();
    state.listeners.clear();
  }
}

class State implements CancelSignal {
  aborted = false;
  reason: unknown;
  readonly listeners = new Set<() => void>();

  addEventListener(_type: "abort", listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.listeners.delete(listener);
  }
}

/** Options that every long-running public function takes last. */
export interface CallOptions {
  readonly signal?: CancelSignal;
  /** Milliseconds from now; absent means the callee's default. */
  readonly timeoutMs?: number;
}
