import { frameHeaderLength, frameTypes } from "../../wire/ttrpc/frame.ts";

/** Id of the first request of every ttrpc client; ids only rise. */
const FIRST_STREAM_ID = 1;

/**
 * Notices that another client talks on a serial port although the port never seemed to be left: a host program that ends
 * and its successor can change over faster than the guest's kernel tells. Follows the frames without storing them. Only a
 * request that begins exactly where a frame ended counts, so that nothing inside a frame, such as what a container's
 * user types, can pass for one.
 */
export class SessionSplitter {
  private readonly header = new Uint8Array(frameHeaderLength);
  private headerFilled = 0;
  private skip = 0;
  private seenFirst = false;

  /** Takes what was read in one go; true when it begins a new session, of which it is then the first part. */
  observe(chunk: Uint8Array): boolean {
    const fresh = this.seenFirst && this.atBoundary && isFirstRequest(chunk);
    if (fresh) this.reset();
    this.follow(chunk);
    return fresh;
  }

  /** The session ended: the next bytes begin another. */
  reset(): void {
    this.headerFilled = 0;
    this.skip = 0;
    this.seenFirst = false;
  }

  private get atBoundary(): boolean {
    return this.headerFilled === 0 && this.skip === 0;
  }

  private follow(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, chunk.length - at);
        this.skip -= step;
        at += step;
        continue;
      }
      const step = Math.min(frameHeaderLength - this.headerFilled, chunk.length - at);
      this.header.set(chunk.subarray(at, at + step), this.headerFilled);
      this.headerFilled += step;
      at += step;
      if (this.headerFilled < frameHeaderLength) return;
      this.headerFilled = 0;
      this.skip = new DataView(this.header.buffer).getUint32(0);
      this.seenFirst = true;
    }
  }
}

function isFirstRequest(chunk: Uint8Array): boolean {
  if (chunk.length < frameHeaderLength) return false;
  const view = new DataView(chunk.buffer, chunk.byteOffset);
  return view.getUint32(4) === FIRST_STREAM_ID && view.getUint8(8) === frameTypes.request;
}
