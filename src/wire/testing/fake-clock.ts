import type { Clock, Timer } from "../../base/clock.ts";

/** A clock that stands still until a test advances it. */
export class FakeClock implements Clock {
  private now = 0;
  private timers: { readonly atMs: number; readonly fire: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.now;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const entry = { atMs: this.now + delayMs, fire };
    this.timers.push(entry);
    return {
      cancel: () => {
        this.timers = this.timers.filter((timer) => timer !== entry);
      },
    };
  }

  /** Number of timers that wait. */
  get pendingTimers(): number {
    return this.timers.length;
  }

  /** Moves time on and fires what falls due, in order. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.now = Math.max(this.now, due.atMs);
      due.fire();
    }
    this.now = end;
  }
}

/** Lets everything that is ready run: promise reactions and memory streams. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
