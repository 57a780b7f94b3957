import type { Logger } from "../../base/logger.ts";
import { isErrno } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";
import { FrameReader, frameHeader, frameHeaderSize, type LogEntry, type LogStream } from "./log-frames.ts";

/** A log file may become this large; then it becomes the older half of the log. */
const maxFileBytes = 8 << 20;

/** What a log is made with. */
export interface ContainerLogDeps {
  readonly sys: Sys;
  readonly logger: Logger;
}

/** A container's log: at most two files of 8 MiB, the current one and an older one with the suffix `.1`. */
export class ContainerLog {
  private readonly deps: ContainerLogDeps;
  private readonly path: string;
  private fd: number | undefined;
  private size = 0;

  /** Opens the log for writing. Throws SysError. */
  constructor(deps: ContainerLogDeps, path: string) {
    this.deps = deps;
    this.path = path;
    this.fd = deps.sys.open(path, { write: true, create: true, append: true, mode: 0o600 });
    this.size = deps.sys.fstat(this.fd).size;
  }

  /** Adds output. A log that cannot be written any more is given up with a warning: the container matters more. */
  append(stream: LogStream, data: Uint8Array): void {
    if (this.fd === undefined || data.length === 0) return;
    const { logger, sys } = this.deps;
    try {
      if (this.size > 0 && this.size + frameHeaderSize + data.length > maxFileBytes) this.rotate();
      sys.writeMany(this.fd, [frameHeader(stream, data.length, sys.wallMs()), data]);
      this.size += frameHeaderSize + data.length;
    } catch (error) {
      logger.warn("cannot write the container's log any more", { path: this.path, error: error as Error });
      this.close();
    }
  }

  close(): void {
    if (this.fd !== undefined) this.deps.sys.close(this.fd);
    this.fd = undefined;
  }

  private rotate(): void {
    const { sys } = this.deps;
    sys.rename(this.path, `${this.path}.1`);
    this.close();
    this.fd = sys.open(this.path, { write: true, create: true, truncate: true, append: true, mode: 0o600 });
    this.size = 0;
  }
}

/** A place in a log, to go on reading from. */
export interface LogPosition {
  readonly inode: bigint;
  readonly offset: number;
  readonly reader: FrameReader;
}

/** Everything that a log holds, oldest first, and the position after it. A container without a log has said nothing. */
export function readLog(
  sys: Sys,
  path: string,
): { readonly entries: readonly LogEntry[]; readonly position: LogPosition } {
  const older = new FrameReader().push(readFile(sys, `${path}.1`).content);
  const reader = new FrameReader();
  const { content, inode } = readFile(sys, path);
  return { entries: [...older, ...reader.push(content)], position: { inode, offset: content.length, reader } };
}

/** What was added since; follows a rotation. */
export function readMore(
  sys: Sys,
  path: string,
  from: LogPosition,
): { readonly entries: readonly LogEntry[]; readonly position: LogPosition } {
  const now = inodeOf(sys, path);
  if (now === from.inode || now === undefined) {
    const { content } = readFile(sys, path, from.offset);
    return { entries: from.reader.push(content), position: { ...from, offset: from.offset + content.length } };
  }
  const rest =
    inodeOf(sys, `${path}.1`) === from.inode ? from.reader.push(readFile(sys, `${path}.1`, from.offset).content) : [];
  const reader = new FrameReader();
  const { content, inode } = readFile(sys, path);
  return { entries: [...rest, ...reader.push(content)], position: { inode, offset: content.length, reader } };
}

function inodeOf(sys: Sys, path: string): bigint | undefined {
  try {
    return sys.stat(path).inode;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

function readFile(sys: Sys, path: string, offset = 0): { readonly content: Uint8Array; readonly inode: bigint } {
  let fd: number;
  try {
    fd = sys.open(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return { content: new Uint8Array(0), inode: 0n };
    throw error;
  }
  try {
    const { inode, size } = sys.fstat(fd);
    const content = new Uint8Array(Math.max(0, size - offset));
    return { content: content.subarray(0, sys.pread(fd, content, offset)), inode };
  } finally {
    sys.close(fd);
  }
}
