import type { CallOptions } from "../base/cancel.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { KataError } from "../base/error.ts";

/** A promise for something a peer will send, which a timeout or a signal can end early. The first end counts. */
export class Waiter<T> {
  readonly promise: Promise<T>;
  private readonly options: CallOptions;
  private readonly timer: Timer;
  private readonly abort: () => void;
  private over = false;
  private pass: (value: T) => void = () => undefined;
  private fail: (error: unknown) => void = () => undefined;

  /**
   * `what` completes "Timed out waiting for". `giveUp` runs when the timeout or the signal ended the wait, after the
   * promise was rejected with `deadline-exceeded` or `cancelled`.
   */
  constructor(clock: Clock, what: string, options: CallOptions & { readonly timeoutMs: number }, giveUp = () => {}) {
    const { timeoutMs, signal } = options;
    this.options = options;
    this.promise = new Promise((resolve, reject) => {
      this.pass = resolve;
      this.fail = reject;
    });
    const quit = (error: KataError) => {
      if (this.reject(error)) giveUp();
    };
    this.abort = () => quit(new KataError("cancelled", `Cancelled: ${what}`, { cause: signal?.reason }));
    this.timer = clock.setTimer(Math.min(timeoutMs, 2 ** 31 - 1), () =>
      quit(new KataError("deadline-exceeded", `Timed out after ${Math.round(timeoutMs)} ms: ${what}`)),
    );
    signal?.addEventListener("abort", this.abort);
    if (signal?.aborted === true) this.abort();
  }

  get isOver(): boolean {
    return this.over;
  }

  /** False when the wait was over already. */
  resolve(value: T): boolean {
    if (!this.settle()) return false;
    this.pass(value);
    return true;
  }

  /** False when the wait was over already. */
  reject(error: unknown): boolean {
    if (!this.settle()) return false;
    this.fail(error);
    return true;
  }

  private settle(): boolean {
    if (this.over) return false;
    this.over = true;
    this.timer.cancel();
    this.options.signal?.removeEventListener("abort", this.abort);
    return true;
  }
}
