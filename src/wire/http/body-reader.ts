import { ByteCollector } from "../byte-collector.ts";
import { type BodyFraming, excerpt, HeaderCollector } from "./headers.ts";
import { HttpProtocolError } from "./http-error.ts";
import { LineBuffer } from "./line-buffer.ts";

const maxSizeLine = 256;
const maxTrailers = 8192;

type ChunkState = "size" | "data" | "data-end" | "trailers";

/** Collects one message body. */
export class BodyReader {
  private readonly framing: BodyFraming;
  private readonly maxBytes: number;
  private readonly lines = new LineBuffer();
  private readonly trailers = new HeaderCollector();
  private readonly collected = new ByteCollector();
  private remaining = 0;
  private state: ChunkState = "size";
  private trailerBytes = 0;
  private finished = false;

  /** Throws HttpProtocolError 413 when the announced length exceeds `maxBytes`. */
  constructor(framing: BodyFraming, maxBytes: number) {
    this.framing = framing;
    this.maxBytes = maxBytes;
    if (framing.kind === "length") {
      this.remaining = framing.length;
      this.check(framing.length);
      this.finished = framing.length === 0;
    }
  }

  /** True once the body is complete. */
  get isFinished(): boolean {
    return this.finished;
  }

  /** Takes bytes of `chunk` from `at` on; returns where the body's part of it ends. Throws HttpProtocolError. */
  take(chunk: Uint8Array, at: number): number {
    if (this.framing.kind === "chunked") return this.takeChunked(chunk, at);
    const end = this.framing.kind === "length" ? Math.min(chunk.length, at + this.remaining) : chunk.length;
    this.keep(chunk.subarray(at, end));
    if (this.framing.kind === "length") {
      this.remaining -= end - at;
      this.finished = this.remaining === 0;
    }
    return end;
  }

  /** The connection ended: true if that completes the body. */
  end(): boolean {
    this.finished ||= this.framing.kind === "until-close";
    return this.finished;
  }

  /** The whole body; to be taken once. */
  bytes(): Uint8Array {
    return this.collected.take();
  }

  private takeChunked(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && !this.finished) {
      if (this.state === "data") {
        const end = Math.min(chunk.length, at + this.remaining);
        this.keep(chunk.subarray(at, end));
        this.remaining -= end - at;
        if (this.remaining === 0) this.state = "data-end";
        at = end;
        continue;
      }
      const limit = this.state === "trailers" ? maxTrailers - this.trailerBytes : maxSizeLine;
      const taken = this.lines.take(chunk, at, limit, 431);
      if (taken === undefined) return chunk.length;
      at = taken.next;
      this.receiveLine(taken.line, taken.length);
    }
    return at;
  }

  private receiveLine(line: string, length: number): void {
    if (this.state === "size") {
      // A chunk extension (RFC 9112 section 7.1.1) says nothing that matters here.
      const [, hex] = /^([\da-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
      if (hex === undefined) throw new HttpProtocolError(400, `Malformed chunk size ${excerpt(line)}`);
      this.remaining = Number.parseInt(hex, 16);
      this.check(this.collected.length + this.remaining);
      this.state = this.remaining === 0 ? "trailers" : "data";
    } else if (this.state === "data-end") {
      if (line !== "") throw new HttpProtocolError(400, "Chunk is longer than its size");
      this.state = "size";
    } else if (line === "") this.finished = true;
    else {
      this.trailerBytes += length;
      this.trailers.add(line);
    }
  }

  private keep(part: Uint8Array): void {
    this.check(this.collected.length + part.length);
    this.collected.append(part);
  }

  private check(size: number): void {
    if (size > this.maxBytes) throw new HttpProtocolError(413, `Body exceeds ${this.maxBytes} bytes`);
  }
}
