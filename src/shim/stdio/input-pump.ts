import { isErrno } from "../../sys/error.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import { type FilesPort, WOULD_BLOCK } from "../../sys/port/files.ts";
import type { InputSource } from "./input-source.ts";

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
  /** The input cannot be read, or the process takes no more. */
  failed(error: unknown): void;
}

const CHUNK_BYTES = 256 * 1024;
/** Less is not worth a buffer of its own size. */
const LEAST_BYTES = 4096;
/** Writes under way at once. */
const DEPTH = 2;

/** Copies an input to a process until its end. A process that does not read holds the input's writers up. */
export class InputPump {
  private readonly deps: InputPumpDeps;
  private readonly source: InputSource;
  private readonly target: InputTarget;
  private watch: Watch | undefined;
  private underWay = 0;
  private ended = false;
  private closed = false;

  /** Takes over the source. */
  constructor(deps: InputPumpDeps, source: InputSource, target: InputTarget) {
    this.deps = deps;
    this.source = source;
    this.target = target;
    this.listen();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.rest();
    this.source.close();
  }

  private listen(): void {
    if (this.closed || this.ended) return;
    this.watch ??= this.deps.loop.watch(this.source.fd, { read: true }, () => this.fill());
  }

  /** Not watching at all is the only way not to be told again and again of a writer that is gone. */
  private rest(): void {
    this.watch?.stop();
    this.watch = undefined;
  }

  private fill(): void {
    try {
      this.readAhead();
    } catch (error) {
      this.fail(error);
    }
  }

  private readAhead(): void {
    while (this.underWay < DEPTH && !this.ended && !this.closed) {
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(this.readyBytes(), LEAST_BYTES)));
      const length = this.deps.sys.read(this.source.fd, buffer);
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

  private readyBytes(): number {
    try {
      return this.deps.sys.readable(this.source.fd);
    } catch (error) {
      // A device that cannot tell, such as /dev/null.
      if (isErrno(error, "ENOTTY", "EINVAL")) return 0;
      throw error;
    }
  }

  private send(bytes: Uint8Array): void {
    this.underWay++;
    this.target.write(bytes).then(
      () => {
        this.underWay--;
        if (this.ended) this.settle();
        else this.listen();
      },
      (error: unknown) => this.fail(error),
    );
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    this.close();
    this.target.failed(error);
  }

  /** The end follows the last bytes. */
  private settle(): void {
    if (this.underWay > 0 || this.closed) return;
    this.close();
    this.target.end();
  }
}
