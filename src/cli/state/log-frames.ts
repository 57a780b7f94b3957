/** Which stream a piece of output came from. */
export type LogStream = "stdout" | "stderr";

/** A piece of output as it was logged. `data` is borrowed from the parsed bytes. */
export interface LogEntry {
  readonly stream: LogStream;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  readonly data: Uint8Array;
}

/** Bytes of a frame's header: mark (3), stream (1), length (4, little endian), time (8, double, little endian). */
export const frameHeaderSize = 16;
const mark = [0x1e, 0x6b, 0x74] as const;
const maxFrame = 1 << 20;

/**
 * The header that precedes a piece of output in container.log. Output stays as it is, byte for byte: a log of lines
 * would cost a pass over each byte.
 */
export function frameHeader(stream: LogStream, length: number, wallMs: number): Uint8Array {
  const header = new Uint8Array(frameHeaderSize);
  const view = new DataView(header.buffer);
  header.set(mark);
  header[3] = stream === "stdout" ? 1 : 2;
  view.setUint32(4, length, true);
  view.setFloat64(8, wallMs, true);
  return header;
}

/** Reads frames from bytes that come in pieces; a torn or damaged rest is left out. */
export class FrameReader {
  private rest = new Uint8Array(0);
  private broken = false;

  /** The entries that are complete with these bytes. */
  push(bytes: Uint8Array): LogEntry[] {
    if (this.broken) return [];
    let buffer = bytes;
    if (this.rest.length > 0) {
      buffer = new Uint8Array(this.rest.length + bytes.length);
      buffer.set(this.rest);
      buffer.set(bytes, this.rest.length);
    }
    const entries: LogEntry[] = [];
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    let offset = 0;
    while (buffer.length - offset >= frameHeaderSize) {
      const length = view.getUint32(offset + 4, true);
      if (mark.some((byte, index) => buffer[offset + index] !== byte) || length > maxFrame) {
        this.broken = true;
        break;
      }
      const end = offset + frameHeaderSize + length;
      if (end > buffer.length) break;
      entries.push({
        stream: buffer[offset + 3] === 2 ? "stderr" : "stdout",
        wallMs: view.getFloat64(offset + 8, true),
        data: buffer.subarray(offset + frameHeaderSize, end),
      });
      offset = end;
    }
    this.rest = buffer.slice(offset);
    return entries;
  }
}

/**
 * The last `count` lines of a log, over both streams: whole entries, the first one cut where the lines begin. A last
 * line without an end counts.
 */
export function lastLines(entries: readonly LogEntry[], count: number): LogEntry[] {
  if (count <= 0) return [];
  let missing = count;
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at];
    if (entry === undefined) continue;
    let end = entry.data.length;
    // The line end that closes the log does not begin another line.
    if (at === entries.length - 1 && entry.data[end - 1] === 0x0a) end--;
    for (let newline = entry.data.lastIndexOf(0x0a, end - 1); end > 0 && newline >= 0; ) {
      missing--;
      if (missing === 0) return [{ ...entry, data: entry.data.subarray(newline + 1) }, ...entries.slice(at + 1)];
      end = newline;
      newline = end === 0 ? -1 : entry.data.lastIndexOf(0x0a, end - 1);
    }
  }
  return [...entries];
}
