import { describe, expect, test } from "vitest";
import { pumpOutput } from "./output-pump.ts";
import type { OutputSink } from "./sink.ts";

/** A source that answers reads in order, and counts how many wait at once. */
class Source {
  most = 0;
  private readonly waiting: ((chunk: Uint8Array) => void)[] = [];

  readonly read = (): Promise<Uint8Array> =>
    new Promise((resolve) => {
      this.waiting.push(resolve);
      this.most = Math.max(this.most, this.waiting.length);
    });

  async give(...sizes: number[]): Promise<void> {
    for (const size of sizes) {
      this.waiting.shift()?.(new Uint8Array(size).fill(size & 0xff));
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  }

  get reads(): number {
    return this.waiting.length;
  }
}

const sink = (write: OutputSink["write"]): OutputSink => ({ taken: 0, write, ending() {}, close() {} });

describe("pumpOutput()", () => {
  test("keeps order, and ends with the first empty chunk", async () => {
    const source = new Source();
    const sizes: number[] = [];
    const done = pumpOutput(
      source.read,
      sink((chunk) => void sizes.push(chunk.length)),
      8,
    );
    await source.give(3, 1, 2, 0);
    await done;
    expect(sizes).toEqual([3, 1, 2]);
  });

  test("reads ahead of a stream, not of a trickle, never more than allowed", async () => {
    const source = new Source();
    void pumpOutput(
      source.read,
      sink(() => undefined),
      8,
    );
    expect(source.reads).toBe(1);
    await source.give(...Array(10).fill(65536));
    expect(source.reads).toBe(8);
    await source.give(...Array(20).fill(10));
    expect(source.reads).toBe(1);
    const single = new Source();
    void pumpOutput(
      single.read,
      sink(() => undefined),
      1,
    );
    await single.give(...Array(10).fill(65536));
    expect(single.most).toBe(1);
  });

  test("a sink that does not take its chunk holds up the reads", async () => {
    const source = new Source();
    let release: () => void = () => {};
    void pumpOutput(
      source.read,
      sink(() => new Promise((resolve) => (release = resolve))),
      2,
    );
    await source.give(9);
    expect(source.reads).toBe(0);
    release();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(source.reads).toBe(1);
  });

  test("rejects with the error of a read", async () => {
    const failing = () => Promise.reject(new Error("gone"));
    await expect(
      pumpOutput(
        failing,
        sink(() => undefined),
        8,
      ),
    ).rejects.toThrow("gone");
  });
});
