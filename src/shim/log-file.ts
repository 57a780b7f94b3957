import { utf8Encode } from "../base/bytes.ts";
import { formatLogfmt, type LogRecord } from "../base/logger.ts";
import { isErrno } from "../sys/error.ts";
import { type FilesPort, WOULD_BLOCK } from "../sys/port/files.ts";

/** Lines kept while nobody reads. */
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
  private readonly kept: LogRecord[] = [];
  private dropped = 0;

  constructor(sys: FilesPort, path: string) {
    this.sys = sys;
    this.path = path;
  }

  /** Takes a record; a LogSink. */
  readonly sink = (record: LogRecord): void => {
    this.kept.push(record);
    for (let next = this.kept[0]; next !== undefined; next = this.kept[0]) {
      const outcome = this.write(next);
      if (outcome === "no reader") break;
      this.kept.shift();
      this.dropped = outcome === "written" ? 0 : this.dropped + 1;
    }
    if (this.kept.length > MAX_KEPT) {
      this.kept.shift();
      this.dropped++;
    }
  };

  private write(record: LogRecord): "written" | "no room" | "no reader" {
    const fd = this.open();
    if (fd === undefined) return "no reader";
    const { dropped } = this;
    const line = encodeLine(dropped === 0 ? record : { ...record, fields: { ...record.fields, dropped } });
    try {
      return this.sys.write(fd, line) === WOULD_BLOCK ? "no room" : "written";
    } catch (error) {
      // ENOSPC: the disk is full.
      if (!isErrno(error, "EPIPE")) return "no room";
      // Another reader may come, as when containerd is restarted.
      this.sys.close(fd);
      this.fd = undefined;
      return "no reader";
    }
  }

  private open(): number | undefined {
    try {
      const how = { write: true, nonBlocking: true, append: true, create: true, mode: 0o600 };
      this.fd ??= this.sys.open(this.path, how);
    } catch {
      // ENXIO: nobody reads the FIFO yet. Whatever it is, there is nowhere else to say it.
    }
    return this.fd;
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
