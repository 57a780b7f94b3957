import type { Timer } from "../base/clock.ts";

interface Entry extends Timer {
  readonly atMs: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/** Pending timers, earliest first; equal times in the order they were set. A binary heap. */
export class TimerQueue {
  private heap: Entry[] = [];
  private order = 0;
  private cancelled = 0;

  /** Timers that are neither fired nor cancelled. */
  get size(): number {
    return this.heap.length - this.cancelled;
  }

  /** Adds a timer for the monotonic time `atMs`. */
  add(atMs: number, fire: () => void): Timer {
    const entry: Entry = {
      atMs,
      order: this.order++,
      fire,
      cancel: () => {
        if (entry.fire === undefined) return;
        entry.fire = undefined;
        this.cancelled++;
        this.shrink();
      },
    };
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
    return entry;
  }

  /** When the next timer is due, undefined when there is none. */
  nextMs(): number | undefined {
    while (this.heap.length > 0 && this.heap[0]?.fire === undefined) {
      this.pop();
      this.cancelled--;
    }
    return this.heap[0]?.atMs;
  }

  /** Takes the next timer that is due at `nowMs`; the caller runs it. Undefined when none is. */
  takeDue(nowMs: number): (() => void) | undefined {
    const next = this.nextMs();
    if (next === undefined || next > nowMs) return undefined;
    const entry = this.pop();
    const fire = entry?.fire;
    if (entry !== undefined) entry.fire = undefined;
    return fire;
  }

  /** Drops cancelled timers once they are the majority, so that far deadlines that are met do not pile up. */
  private shrink(): void {
    if (this.cancelled < 64 || this.cancelled * 2 < this.heap.length) return;
    this.heap = this.heap.filter((entry) => entry.fire !== undefined);
    this.cancelled = 0;
    for (let i = (this.heap.length >> 1) - 1; i >= 0; i--) this.sink(i);
  }

  private pop(): Entry | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (last !== undefined && this.heap.length > 0) {
      this.heap[0] = last;
      this.sink(0);
    }
    return first;
  }

  private rise(start: number): void {
    let at = start;
    const entry = this.heap[at];
    while (entry !== undefined && at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.heap[above];
      if (parent === undefined || !earlier(entry, parent)) break;
      this.heap[at] = parent;
      this.heap[above] = entry;
      at = above;
    }
  }

  private sink(start: number): void {
    let at = start;
    const entry = this.heap[at];
    while (entry !== undefined) {
      const left = this.heap[2 * at + 1];
      const right = this.heap[2 * at + 2];
      if (left === undefined) break;
      const useRight = right !== undefined && earlier(right, left);
      const child = useRight ? right : left;
      if (!earlier(child, entry)) break;
      this.heap[at] = child;
      at = 2 * at + (useRight ? 2 : 1);
      this.heap[at] = entry;
    }
  }
}

function earlier(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
