import { utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import type { FilesPort } from "../../sys/port/files.ts";

/** What a bounded log needs. */
export interface BoundedLogDeps {
  readonly sys: Pick<FilesPort, "open" | "write" | "truncate" | "close">;
  readonly logger: Logger;
}

/**
 * A file that takes a stream and never grows beyond a limit: when it would, it starts over, so that it always holds what
 * came last. A log is worth no failure: when the file cannot be written, that is logged once and the stream goes on.
 */
export class BoundedLog {
  private readonly deps: BoundedLogDeps;
  private readonly path: string;
  private readonly maxBytes: number;
  private fd: number | undefined;
  private written = 0;

  /** Creates the file, for its owner only. */
  constructor(deps: BoundedLogDeps, options: { readonly path: string; readonly maxBytes: number }) {
    this.deps = deps;
    this.path = options.path;
    this.maxBytes = options.maxBytes;
    this.guard(() => {
      this.fd = deps.sys.open(this.path, { write: true, create: true, truncate: true, append: true, mode: 0o600 });
    });
  }

  /** Appends a chunk; `recent` are lines to begin with if the file has to start over. */
  write(chunk: Uint8Array, recent: () => readonly string[]): void {
    const part = chunk.subarray(Math.max(0, chunk.length - Math.floor(this.maxBytes / 2)));
    this.guard(() => {
      if (this.fd === undefined) return;
      if (this.written + part.length > this.maxBytes) this.startOver(this.fd, recent());
      this.append(this.fd, part);
    });
  }

  /** Closes the file, which stays. */
  close(): void {
    if (this.fd !== undefined) this.deps.sys.close(this.fd);
    this.fd = undefined;
  }

  private startOver(fd: number, recent: readonly string[]): void {
    this.deps.sys.truncate(fd, 0);
    this.written = 0;
    const header = utf8Encode(`[earlier output was dropped]\n${recent.join("\n")}\n`);
    this.append(fd, header.subarray(0, Math.floor(this.maxBytes / 2)));
  }

  private append(fd: number, bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length; ) {
      const count = this.deps.sys.write(fd, bytes, offset, bytes.length - offset);
      if (count <= 0) return;
      offset += count;
      this.written += count;
    }
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.close();
      this.deps.logger.warn("cannot write a log", { file: this.path, error: KataError.from(error) });
    }
  }
}
