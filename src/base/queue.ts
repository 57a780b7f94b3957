import { KataError } from "./error.ts";

interface Taker<T> {
  readonly resolve: (item: T | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A bounded first-in, first-out queue between one or more producers and consumers. A full queue refuses (`push`) or
 * makes the producer wait (`pushWhenRoom`); an empty one makes the consumer wait (`shift`).
 */
export class BoundedQueue<T> {
  private readonly limit: number;
  private items: T[] = [];
  private head = 0;
  private readonly takers: Taker<T>[] = [];
  private readonly producers: (() => void)[] = [];
  private ended = false;
  private failure: unknown;

  /** `limit` is the number of items that may wait. */
  constructor(options: { readonly limit: number }) {
    this.limit = options.limit;
  }

  /** Items that wait. */
  get length(): number {
    return this.items.length - this.head;
  }

  get closed(): boolean {
    return this.ended;
  }

  /** Adds an item; false when the queue is full or closed, and then the item is not taken. */
  push(item: T): boolean {
    if (this.ended) return false;
    const taker = this.takers.shift();
    if (taker !== undefined) {
      taker.resolve(item);
      return true;
    }
    if (this.length >= this.limit) return false;
    this.items.push(item);
    return true;
  }

  /** Adds an item as soon as there is room. Rejects with KataError `aborted` when the queue closes before. */
  async pushWhenRoom(item: T): Promise<void> {
    while (!this.push(item)) {
      if (this.ended) throw new KataError("aborted", "The queue is closed");
      await new Promise<void>((resolve) => this.producers.push(resolve));
    }
  }

  /** Takes the oldest item; waits for one. Undefined when the queue is closed and empty; rejects when it failed. */
  shift(): Promise<T | undefined> {
    if (this.length > 0) return Promise.resolve(this.take());
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => this.takers.push({ resolve, reject }));
  }

  /** Ends the queue: what waits can still be taken, then consumers get undefined, or `error` as a rejection. */
  close(error?: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = error;
    for (const taker of this.takers.splice(0)) {
      if (error === undefined) taker.resolve(undefined);
      else taker.reject(error);
    }
    for (const wake of this.producers.splice(0)) wake();
  }

  /** Items until the queue closes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const item = await this.shift();
      if (item === undefined && this.length === 0 && this.ended) return;
      yield item as T;
    }
  }

  private take(): T {
    const item = this.items[this.head] as T;
    this.head++;
    // The taken part is cut off now and then, so that both ends stay cheap.
    if (this.head > 64 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    } else this.items[this.head - 1] = undefined as T;
    this.producers.shift()?.();
    return item;
  }
}
