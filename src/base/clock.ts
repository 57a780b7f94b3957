/** A pending timer. */
export interface Timer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void;
}

/** Time as a dependency: the event loop on the native target, a fake in tests. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start. */
  nowMs(): number;
  /** Wall clock in milliseconds since 1970, UTC. */
  wallMs(): number;
  /** Calls `fire` once, `delayMs` from now at the earliest, never before `setTimer` returned. */
  setTimer(delayMs: number, fire: () => void): Timer;
}

/** Resolves after `delayMs`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(delayMs, resolve));
}
