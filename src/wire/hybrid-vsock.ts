import type { ByteStream, ByteStreamHandlers } from "../base/byte-stream.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import type { CallOptions } from "../base/cancel.ts";
import type { Clock } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import { Waiter } from "./waiter.ts";

/**
 * Hybrid vsock: the VMM offers the guest's vsock ports on one unix socket of the host. A client writes `CONNECT <port>`,
 * the VMM answers `OK <number>`, and from then on the bytes are the guest's (Firecracker docs/vsock.md; Cloud Hypervisor
 * and vhost-device-vsock do the same).
 */

/** Longest answer taken, with its newline. */
export const maxHandshakeLine = 64;

const newline = 0x0a;

/** Collects the answer line; pure, fed by chunks of any size. */
export class HandshakeParser {
  private line = new Uint8Array(maxHandshakeLine);
  private filled = 0;

  /**
   * Takes the next bytes. Returns undefined until the line is complete, then how many bytes of this chunk belonged to it:
   * the rest is the next protocol's. Throws KataError `unavailable` for an answer that is not OK or too long.
   */
  push(chunk: Uint8Array): number | undefined {
    const end = chunk.indexOf(newline);
    const taken = end < 0 ? chunk.length : end + 1;
    if (this.filled + taken > maxHandshakeLine) {
      throw new KataError("unavailable", `The hybrid vsock answer exceeds ${maxHandshakeLine} bytes`);
    }
    this.line.set(chunk.subarray(0, taken), this.filled);
    this.filled += taken;
    if (end < 0) return undefined;
    const text = utf8Decode(this.line.subarray(0, this.filled)).trimEnd();
    if (!/^OK \d{1,10}$/.test(text)) {
      throw new KataError("unavailable", `The VMM answered ${JSON.stringify(text)} instead of OK`);
    }
    return taken;
  }
}

/**
 * Asks for a guest port on a connected, not yet started stream, and returns the stream of that port, not yet started
 * either. Bytes behind the answer are kept for it.
 *
 * Rejects, with the stream closed, with `unavailable` (nothing listens in the guest yet, connection lost, other answer:
 * try again until your deadline), `deadline-exceeded` (10 s unless `timeoutMs` says otherwise) or `cancelled`.
 */
export function hybridVsockHandshake(
  stream: ByteStream,
  port: number,
  deps: { clock: Clock },
  options: CallOptions = {},
): Promise<ByteStream> {
  const what = `hybrid vsock port ${port}`;
  const parser = new HandshakeParser();
  const remainder = new RemainderStream(stream);
  const waiter = new Waiter<ByteStream>(deps.clock, `connect to ${what}`, { timeoutMs: 10_000, ...options }, () =>
    remainder.close(),
  );
  if (waiter.isOver) return waiter.promise;
  remainder.begin({
    data: (chunk) => {
      try {
        const taken = parser.push(chunk);
        if (taken === undefined) return;
        remainder.hold(chunk.subarray(taken));
        waiter.resolve(remainder);
      } catch (error) {
        waiter.reject(KataError.wrap(error, `Cannot connect to ${what}`));
        remainder.close();
      }
    },
    close: (cause) =>
      waiter.reject(new KataError("unavailable", `The VMM closed the connection to ${what}`, { cause })),
  });
  stream.write(utf8Encode(`CONNECT ${port}\n`));
  return waiter.promise;
}

/** A started stream that can be started once more: what came too early is kept and delivered first. */
class RemainderStream implements ByteStream {
  private readonly inner: ByteStream;
  private handlers: ByteStreamHandlers | undefined;
  private held: Uint8Array[] = [];
  private ended: { readonly error: Error | undefined } | undefined;
  private paused = false;
  private delivering = false;

  constructor(inner: ByteStream) {
    this.inner = inner;
  }

  /** Starts the inner stream on behalf of the handshake. */
  begin(handlers: ByteStreamHandlers): void {
    this.handlers = handlers;
    this.inner.start({
      data: (chunk) => {
        if (this.handlers !== undefined && this.held.length === 0 && !this.paused) this.handlers.data(chunk);
        else this.held.push(chunk.slice());
      },
      close: (error) => {
        if (this.handlers !== undefined && this.held.length === 0) this.handlers.close(error);
        else this.ended = { error };
      },
    });
  }

  /** Ends the handshake: `rest` and what still comes wait for `start`. */
  hold(rest: Uint8Array): void {
    this.handlers = undefined;
    if (rest.length > 0) this.held.push(rest.slice());
    this.inner.pause();
  }

  start(handlers: ByteStreamHandlers): void {
    this.handlers = handlers;
    this.deliverLater();
  }

  write(chunk: Uint8Array): void {
    this.inner.write(chunk);
  }

  get pendingBytes(): number {
    return this.inner.pendingBytes;
  }

  drained(): Promise<void> {
    return this.inner.drained();
  }

  pause(): void {
    this.paused = true;
    this.inner.pause();
  }

  resume(): void {
    this.paused = false;
    if (this.handlers !== undefined) this.deliverLater();
  }

  close(error?: Error): void {
    this.held = [];
    this.inner.close(error);
  }

  end(): void {
    this.inner.end();
  }

  /** Hands out what was held, from a fresh stack as a stream does, then lets the inner stream go on. */
  private deliverLater(): void {
    if (this.delivering) return;
    this.delivering = true;
    void Promise.resolve().then(() => {
      this.delivering = false;
      this.deliver();
    });
  }

  private deliver(): void {
    try {
      while (!this.paused) {
        const chunk = this.held.shift();
        if (chunk === undefined) break;
        this.handlers?.data(chunk);
      }
    } catch (error) {
      this.close(KataError.from(error));
      return;
    }
    if (this.paused) return;
    if (this.ended === undefined) this.inner.resume();
    else {
      const { error } = this.ended;
      this.ended = undefined;
      this.handlers?.close(error);
    }
  }
}
