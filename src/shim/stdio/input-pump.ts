import type { Loop, Watch } from "../../sys/loop.ts";
import { type FilesPort, WOULD_BLOCK } from "../../sys/port/files.ts";

export interface InputPumpDeps {
  readonly sys: FilesPort;
  readonly loop: Loop;
}

/** What the input leads to. */
export interface InputTarget {
  /** Resolves when the process's pipe took the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more comes. */
  end(): void;
  /** The process takes no more. */
  failed(error: unknown): void;
}

const CHUNK_BYTES = 256 * 1024;
/** Writes under way at once. */
const DEPTH = 2;

/**
 * Copies a FIFO to a process's input until the FIFO's writers are gone. A process that does not read holds up the FIFO. A
 * FIFO that nobody has opened for writing yet is waited for.
 */
export class InputPump {
  private readonly deps: InputPumpDeps;
  private readonly fd: number;
  private readonly target: InputTarget;
  private watch: Watch | undefined;
  private underWay = 0;
  private ended = false;
  private closed = false;

  /** Takes over the descriptor, which is open for reading and non-blocking. */
  constructor(deps: InputPumpDeps, fd: number, target: InputTarget) {
    this.deps = deps;
    this.fd = fd;
    this.target = target;
    this.listen();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.rest();
    this.deps.sys.close(this.fd);
  }

  private listen(): void {
    if (this.closed || this.ended) return;
    this.watch ??= this.deps.loop.watch(this.fd, { read: true }, () => this.fill());
  }

  /** Not watching at all is the only way not to be told again and again of a writer that is gone. */
  private rest(): void {
    this.watch?.stop();
    this.watch = undefined;
  }

  private fill(): void {
    while (this.underWay < DEPTH && !this.ended && !this.closed) {
      const { sys } = this.deps;
      const ready = sys.readable(this.fd);
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(ready, 4096)));
      const length = sys.read(this.fd, buffer);
      if (length === WOULD_BLOCK) return;
      if (length === 0) {
        this.ended = true;
        this.rest();
        this.settle();
        return;
      }
      this.send(buffer.subarray(0, length));
    }
    if (!this.ended) this.rest();
  }

  private send(bytes: Uint8Array): void {
    this.underWay++;
    this.target.write(bytes).then(
      () => {
        this.underWay--;
        if (this.ended) this.settle();
        else this.listen();
      },
      (error: unknown) => {
        if (this.closed) return;
        this.close();
        this.target.failed(error);
      },
    );
  }

  /** The end follows the last bytes. */
  private settle(): void {
    if (this.underWay > 0 || this.closed) return;
    this.close();
    this.target.end();
  }
}
