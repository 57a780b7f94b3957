/** Where a process's output goes on the host. */
export interface OutputSink {
  /** How many bytes it has passed on. */
  readonly taken: number;
  /** Takes a chunk, which must not change before the promise resolves; it resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /**
   * The process has ended and no more chunks come. From here on a sink whose reader is gone gives up instead of waiting
   * for another one.
   */
  ending(): void;
  /** Closes at once; a chunk that waits is dropped and its promise resolves. */
  close(): void;
}

/** Takes everything and keeps nothing: a process whose output nobody wants must not wait. */
export const discard: OutputSink = { taken: 0, write: () => undefined, ending: () => {}, close: () => {} };
