import type { Clock } from "./clock.ts";
import { type ErrorDetails, KataError } from "./error.ts";

/** A point in monotonic time by which something has to be done. */
export class Deadline {
  private readonly clock: Clock;
  readonly atMs: number;

  /** A deadline `timeoutMs` from now; Infinity never expires. */
  constructor(clock: Clock, timeoutMs: number) {
    this.clock = clock;
    this.atMs = clock.nowMs() + timeoutMs;
  }

  /** Milliseconds left, at least 0. */
  remainingMs(): number {
    return Math.max(0, this.atMs - this.clock.nowMs());
  }

  get expired(): boolean {
    return this.remainingMs() === 0;
  }
}

/**
 * Settles as `work` does, or rejects with `deadline-exceeded` after `timeoutMs`. The work itself goes on: whoever
 * started it ends it. `what` completes the sentence "Timed out after N ms: <what>".
 */
export function withTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  what: string,
  work: Promise<T>,
  details: ErrorDetails = {},
): Promise<T> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return work;
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(timeoutMs, () =>
      reject(new KataError("deadline-exceeded", `Timed out after ${Math.round(timeoutMs)} ms: ${what}`, details)),
    );
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
