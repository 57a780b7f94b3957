import type { ByteStream } from "../../base/byte-stream.ts";
import { concatBytes } from "../../base/bytes.ts";

/** How many answers are held back at most, and how long each may be. */
const maxHeld = 32;
const maxHeldBytes = 1024;

/**
 * Writes a connection's frames. Small ones that are answers to what came in one chunk are held back while it is gone through, so
 * that one system call writes them, and wakes the client once.
 */
export class AnswerWriter {
  private readonly stream: ByteStream;
  private held: Uint8Array[] | undefined;

  constructor(stream: ByteStream) {
    this.stream = stream;
  }

  /** Frames may be held back until `release`. */
  hold(): void {
    this.held ??= [];
  }

  /** A frame in pieces. */
  write(pieces: readonly Uint8Array[]): void {
    const { held } = this;
    const only = pieces[0];
    if (held !== undefined && only !== undefined && pieces.length === 1 && only.length <= maxHeldBytes) {
      held.push(only);
      if (held.length === maxHeld) this.flush(held);
      return;
    }
    if (held !== undefined) this.flush(held);
    for (let i = 0; i < pieces.length; i++) this.stream.write(pieces[i] as Uint8Array);
  }

  /** Writes what was held back; frames are written at once from now on. */
  release(): void {
    const { held } = this;
    this.held = undefined;
    if (held !== undefined) this.flush(held);
  }

  private flush(held: Uint8Array[]): void {
    if (held.length === 0) return;
    this.stream.write(held.length === 1 ? (held[0] as Uint8Array) : concatBytes(held));
    held.length = 0;
  }
}
