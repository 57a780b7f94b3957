import { utf8Decode } from "../../base/bytes.ts";
import { ByteCollector } from "../byte-collector.ts";
import { HttpProtocolError } from "./http-error.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Collects one line at a time from chunks, so that what follows a head is left alone. Lines end in CR LF, nothing else. */
export class LineBuffer {
  private readonly started = new ByteCollector();

  /**
   * Takes bytes of `chunk` from `at` on. Returns the line without its end, its length in bytes with it, and where the next
   * one begins; or undefined when the chunk is used up. Throws HttpProtocolError with `status` for a line above `limit` bytes, 400 for a bare LF.
   */
  take(
    chunk: Uint8Array,
    at: number,
    limit: number,
    status: number,
  ): { line: string; length: number; next: number } | undefined {
    const end = chunk.indexOf(lineFeed, at);
    const stop = end < 0 ? chunk.length : end + 1;
    if (this.started.length + stop - at > limit)
      throw new HttpProtocolError(status, "Start line, header section or chunk size is too long");
    const part = chunk.subarray(at, stop);
    const whole = end >= 0 && this.started.length === 0;
    if (!whole) this.started.append(part);
    if (end < 0) return undefined;
    const bytes = whole ? part : this.started.take();
    if (bytes[bytes.length - 2] !== carriageReturn) throw new HttpProtocolError(400, "Line does not end in CR LF");
    return { line: utf8Decode(bytes.subarray(0, -2)), length: bytes.length, next: stop };
  }

  /** True when the bytes so far end inside a line. */
  get midLine(): boolean {
    return this.started.length > 0;
  }
}
