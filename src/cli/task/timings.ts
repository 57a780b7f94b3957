import type { Clock } from "../../base/clock.ts";

/** A part of a command's time. */
export interface Timing {
  readonly name: string;
  readonly milliseconds: number;
}

/** Splits a command's time into named parts, one after the other. */
export class Timings {
  private readonly clock: Clock;
  private readonly startMs: number;
  private lastMs: number;
  private readonly parts: Timing[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
    this.startMs = clock.nowMs();
    this.lastMs = this.startMs;
  }

  /** The part that ends now. */
  mark(name: string): void {
    const now = this.clock.nowMs();
    this.parts.push({ name, milliseconds: now - this.lastMs });
    this.lastMs = now;
  }

  /** All parts, and their sum as `total`; `refine` may split a part further. */
  list(refine: (part: Timing) => readonly Timing[] = (part) => [part]): Timing[] {
    return [...this.parts.flatMap(refine), { name: "total", milliseconds: this.lastMs - this.startMs }];
  }
}
