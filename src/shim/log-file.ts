import { utf8Encode } from "../base/bytes.ts";
import { formatLogfmt, type LogRecord } from "../base/logger.ts";
import { type FilesPort, WOULD_BLOCK } from "../sys/port/files.ts";

/** Lines kept until the log can be opened. */
const MAX_KEPT = 64;

/** What a FIFO takes as a whole (PIPE_BUF, pipe(7)): longer lines could be torn. */
const MAX_LINE_BYTES = 4096;
const textLengths = [2048, 1024, 512, 256, 128, 64, 32, 16];

/**
 * The bundle's `log`: a FIFO that containerd reads, or a file. Logging never waits and never fails: without a reader, lines
 * are kept for a while; when the reader is slow they are dropped, and the next line tells how many.
 */
export class LogFile {
  private readonly sys: FilesPort;
  private readonly path: string;
  private fd: number | undefined;
  private kept: Uint8Array[] = [];
  private dropped = 0;

  constructor(sys: FilesPort, path: string) {
    this.sys = sys;
    this.path = path;
  }

  /** Takes a record; a LogSink. */
  readonly sink = (record: LogRecord): void => {
    const lost = this.dropped > 0 ? { ...record, fields: { ...record.fields, dropped: this.dropped } } : record;
    const line = encodeLine(lost);
    if (!this.open()) {
      this.kept.push(line);
      if (this.kept.length > MAX_KEPT) {
        this.kept.shift();
        this.dropped++;
      }
      return;
    }
    for (const earlier of this.kept.splice(0)) this.write(earlier);
    if (this.write(line)) this.dropped = 0;
    else this.dropped++;
  };

  private open(): boolean {
    if (this.fd !== undefined) return true;
    try {
      this.fd = this.sys.open(this.path, { write: true, nonBlocking: true, append: true, create: true, mode: 0o600 });
      return true;
    } catch {
      // ENXIO: nobody reads the FIFO yet. Whatever it is, there is nowhere else to say it.
      return false;
    }
  }

  private write(line: Uint8Array): boolean {
    if (this.fd === undefined) return false;
    try {
      return this.sys.write(this.fd, line) !== WOULD_BLOCK;
    } catch {
      // EPIPE: the reader is gone, another one may come. ENOSPC: the disk is full. The line counts as dropped.
      return false;
    }
  }
}

/** The record as a line that fits, with its texts cut as far as needed. */
function encodeLine(record: LogRecord): Uint8Array {
  let line = utf8Encode(`${formatLogfmt(record)}\n`);
  for (const length of textLengths) {
    if (line.length <= MAX_LINE_BYTES) break;
    line = utf8Encode(`${formatLogfmt(record, length)}\n`);
  }
  return line;
}
