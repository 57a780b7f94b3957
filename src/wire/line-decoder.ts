import { KataError } from "../base/error.ts";
import { ByteCollector } from "./byte-collector.ts";

const newline = 0x0a;

/**
 * Cuts a stream of bytes into lines. A line may be spread over any number of chunks, and characters over two of them;
 * at most `maxLineBytes` are held.
 */
export class LineDecoder {
  private readonly maxLineBytes: number;
  private readonly onLine: (line: Uint8Array) => void;
  private readonly started = new ByteCollector();

  /** `onLine` gets each line without its newline; it may be a view into the chunk and is borrowed for the call. */
  constructor(maxLineBytes: number, onLine: (line: Uint8Array) => void) {
    this.maxLineBytes = maxLineBytes;
    this.onLine = onLine;
  }

  /** True when the bytes so far end inside a line. */
  get midLine(): boolean {
    return this.started.length > 0;
  }

  /**
   * Takes the next bytes. Throws KataError `resource-exhausted` for a line above the limit, and what `onLine` throws;
   * after an error the decoder must not be used.
   */
  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const part = chunk.subarray(start, end);
      this.check(part.length);
      start = end + 1;
      if (this.started.length === 0) this.onLine(part);
      else {
        this.started.append(part);
        this.onLine(this.started.take());
      }
    }
    if (start === chunk.length) return;
    this.check(chunk.length - start);
    this.started.append(chunk.subarray(start));
  }

  private check(more: number): void {
    if (this.started.length + more <= this.maxLineBytes) return;
    throw new KataError("resource-exhausted", `A line exceeds ${this.maxLineBytes} bytes`);
  }
}
