const initialSize = 256;

/**
 * Collects bytes that come in pieces into one growing array: a peer that sends them one by one costs no more memory than
 * one that sends them at once. Bounds are the caller's business.
 */
export class ByteCollector {
  private bytes = new Uint8Array(0);
  private filled = 0;

  get length(): number {
    return this.filled;
  }

  /** Copies a piece behind the others. */
  append(piece: Uint8Array): void {
    const needed = this.filled + piece.length;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, initialSize));
      grown.set(this.bytes.subarray(0, this.filled));
      this.bytes = grown;
    }
    this.bytes.set(piece, this.filled);
    this.filled = needed;
  }

  /** All bytes so far, which now belong to the caller; the collector is empty afterwards. */
  take(): Uint8Array {
    const all = this.bytes.subarray(0, this.filled);
    this.bytes = new Uint8Array(0);
    this.filled = 0;
    return all;
  }
}
