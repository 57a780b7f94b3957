import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";

// As many as the bridge hands to writev(2) at once.
const most = 64;

/** Chunks that wait for a descriptor to take them. They are written as they are: nothing is copied. */
export class WriteQueue {
  private chunks: Uint8Array[] = [];
  private head = 0;
  /** Bytes of the first chunk that are written already. */
  private skip = 0;
  private bytes = 0;

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

  /** Writes as much as the descriptor takes; true when nothing is left. Throws SysError. */
  flush(sys: Pick<FilesPort, "writeMany">, fd: number): boolean {
    while (this.bytes > 0) {
      const written = sys.writeMany(fd, this.chunks.slice(this.head, this.head + most), this.skip);
      if (written === WOULD_BLOCK) return false;
      this.drop(written);
    }
    return true;
  }

  clear(): void {
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
      this.head++;
    }
    this.skip = rest;
    if (this.bytes === 0) this.clear();
    else if (this.head > 256) {
      this.chunks = this.chunks.slice(this.head);
      this.head = 0;
    }
  }
}
