import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import { type FilesPort, WOULD_BLOCK } from "../../sys/port/files.ts";
import type { OutputSink } from "./sink.ts";

export interface SinkDeps {
  readonly sys: FilesPort;
  readonly loop: Loop;
  readonly logger: Logger;
}

interface Waiting {
  readonly chunk: Uint8Array;
  offset: number;
  readonly resolve: () => void;
}

/**
 * Writes to a descriptor as fast as it takes the bytes: a FIFO, a pipe or a file. An error (a reader that is gone, a full
 * disk) ends the copy, not the process: later chunks are dropped, and the log says so once.
 */
export class DescriptorSink implements OutputSink {
  private readonly deps: SinkDeps;
  private readonly fd: number;
  private readonly name: string;
  private readonly onEnding: () => void;
  taken = 0;
  private waiting: Waiting | undefined;
  private watch: Watch | undefined;
  private broken = false;
  private closed = false;

  /** Takes over the descriptor, which is non-blocking or a file. `onEnding` is called once, when the process has ended. */
  constructor(deps: SinkDeps, options: { readonly fd: number; readonly name: string; readonly onEnding?: () => void }) {
    this.deps = deps;
    this.fd = options.fd;
    this.name = options.name;
    this.onEnding = options.onEnding ?? (() => {});
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const offset = this.writeSome(chunk, 0);
    if (offset === chunk.length) return undefined;
    return new Promise((resolve) => {
      this.waiting = { chunk, offset, resolve };
      this.arm();
    });
  }

  ending(): void {
    this.onEnding();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.disarm();
    this.deps.sys.close(this.fd);
    this.waiting?.resolve();
    this.waiting = undefined;
  }

  /** Returns how far it came; the whole length also when the rest is dropped. */
  private writeSome(chunk: Uint8Array, from: number): number {
    let offset = from;
    try {
      while (offset < chunk.length && !this.broken && !this.closed) {
        const written = this.deps.sys.write(this.fd, chunk, offset);
        if (written === WOULD_BLOCK) return offset;
        offset += written;
        this.taken += written;
      }
    } catch (error) {
      this.broken = true;
      this.deps.logger.warn("output is lost from here on", { stream: this.name, error: KataError.from(error) });
    }
    return chunk.length;
  }

  private resume(): void {
    const { waiting } = this;
    if (waiting === undefined) {
      this.disarm();
      return;
    }
    waiting.offset = this.writeSome(waiting.chunk, waiting.offset);
    if (waiting.offset < waiting.chunk.length) return;
    this.waiting = undefined;
    // Stopped only when the next chunk did not come at once: it usually does.
    waiting.resolve();
    this.deps.loop.setTimer(0, () => {
      if (this.waiting === undefined) this.disarm();
    });
  }

  private arm(): void {
    this.watch ??= this.deps.loop.watch(this.fd, { write: true }, () => this.resume());
  }

  private disarm(): void {
    this.watch?.stop();
    this.watch = undefined;
  }
}
