import { utf8Decode } from "../base/bytes.ts";
import type { Loop } from "./loop.ts";
import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";

/** Longer lines of a child are cut into pieces of this size. */
const MAX_LINE_BYTES = 4096;
const READ_BYTES = 16 * 1024;
/** What a pipe of 64 KiB can hold, and some more. */
const MAX_LAST_READS = 8;

/** What a child process says on a pipe: the last lines are kept for error messages. */
export interface OutputTail {
  /** The last lines, oldest first; an unfinished line counts. */
  lines(): readonly string[];
  /** Settles when the pipe is at its end. Other processes that inherited it can delay that. */
  readonly ended: Promise<void>;
  /** Takes what the pipe still holds, stops reading and closes the descriptor; harmless when it has ended. */
  close(): void;
}

/**
 * Reads a non-blocking descriptor, which it owns, until its end. `onLine` gets each line as it comes, `onChunk` the
 * bytes (borrowed for the call).
 */
export function followOutput(
  deps: { readonly sys: Pick<FilesPort, "read" | "close">; readonly loop: Loop },
  fd: number,
  options: {
    readonly keepLines: number;
    readonly onLine?: (line: string) => void;
    readonly onChunk?: (chunk: Uint8Array) => void;
  },
): OutputTail {
  const { sys, loop } = deps;
  const kept: string[] = [];
  let partial = "";
  let open = true;
  let resolveEnded: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });

  const keep = (line: string) => {
    kept.push(line);
    if (kept.length > options.keepLines) kept.shift();
    options.onLine?.(line);
  };
  const take = (chunk: Uint8Array) => {
    options.onChunk?.(chunk);
    const pieces = (partial + utf8Decode(chunk)).split("\n");
    partial = pieces.pop() ?? "";
    for (const piece of pieces) keep(piece.replace(/\r$/, ""));
    while (partial.length > MAX_LINE_BYTES) {
      keep(partial.slice(0, MAX_LINE_BYTES));
      partial = partial.slice(MAX_LINE_BYTES);
    }
  };
  const close = () => {
    if (!open) return;
    open = false;
    watch.stop();
    // The child's end is often noticed before its last words are.
    const buffer = new Uint8Array(READ_BYTES);
    for (let reads = 0; reads < MAX_LAST_READS; reads++) {
      const count = sys.read(fd, buffer);
      if (count === WOULD_BLOCK || count === 0) break;
      take(buffer.subarray(0, count));
    }
    sys.close(fd);
    if (partial !== "") keep(partial);
    partial = "";
    resolveEnded();
  };
  const watch = loop.watch(fd, { read: true }, () => {
    // Children say little: a buffer of one's own for the whole time would cost more.
    const buffer = new Uint8Array(READ_BYTES);
    const count = sys.read(fd, buffer);
    if (count === WOULD_BLOCK) return;
    if (count === 0) close();
    else take(buffer.subarray(0, count));
  });
  return { lines: () => (partial === "" ? [...kept] : [...kept, partial]), ended, close };
}
