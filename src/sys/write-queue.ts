import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";
import type { SocketsPort } from "./port/sockets.ts";

// As many as the bridge hands to writev(2) at once.
const most = 64;
/** In the place of a chunk that is written. */
const gone = new Uint8Array(0);

/** Descriptors that travel with the first byte of a chunk; `release` is called once, when they are sent or dropped. */
export interface PassedDescriptors {
  readonly descriptors: readonly number[];
  readonly release: () => void;
}

/** Chunks that wait for a descriptor to take them. They are written as they are: nothing is copied. */
export class WriteQueue {
  private chunks: Uint8Array[] = [];
  private head = 0;
  /** Bytes of the first chunk that are written already. */
  private skip = 0;
  private bytes = 0;
  private passed: (PassedDescriptors & { readonly chunk: Uint8Array })[] = [];

  /** Bytes that wait. */
  get pendingBytes(): number {
    return this.bytes;
  }

  /** Adds a chunk, without its first `skip` bytes; only the first chunk of an empty queue can have some. */
  add(chunk: Uint8Array, skip = 0): void {
    if (this.bytes === 0) this.skip = skip;
    this.chunks.push(chunk);
    this.bytes += chunk.length - skip;
  }

  /** Adds a chunk of at least one byte that carries descriptors. It must not be added twice. */
  addPassing(chunk: Uint8Array, passed: PassedDescriptors): void {
    this.add(chunk);
    this.passed.push({ ...passed, chunk });
  }

  /** Writes as much as the descriptor takes; true when nothing is left. Throws SysError. */
  flush(sys: Pick<FilesPort, "writeMany"> & Pick<SocketsPort, "sendDescriptors">, fd: number): boolean {
    while (this.bytes > 0) {
      const [next] = this.passed;
      const limit = next === undefined ? most : Math.min(most, this.chunks.indexOf(next.chunk, this.head) - this.head);
      const written =
        next !== undefined && limit === 0
          ? sys.sendDescriptors(fd, next.chunk, next.descriptors)
          : sys.writeMany(fd, this.chunks.slice(this.head, this.head + limit), this.skip);
      if (written === WOULD_BLOCK) return false;
      if (limit === 0) this.passed.shift()?.release();
      this.drop(written);
    }
    return true;
  }

  clear(): void {
    for (const { release } of this.passed.splice(0)) release();
    this.chunks = [];
    this.head = 0;
    this.skip = 0;
    this.bytes = 0;
  }

  private drop(written: number): void {
    this.bytes -= written;
    let rest = written + this.skip;
    for (;;) {
      const length = this.chunks[this.head]?.length;
      if (length === undefined || rest < length) break;
      rest -= length;
      // Its memory is free for the next one now, not when the whole queue is written.
      this.chunks[this.head++] = gone;
    }
    this.skip = rest;
    if (this.bytes === 0) this.clear();
    else if (this.head > 256) {
      this.chunks = this.chunks.slice(this.head);
      this.head = 0;
    }
  }
}
