import type { CallOptions } from "../base/cancel.ts";
import { withTimeout } from "../base/deadline.ts";
import { KataError } from "../base/error.ts";
import { addressText } from "./address.ts";
import { isErrno, SysError } from "./error.ts";
import type { Loop, Watch } from "./loop.ts";
import type { FilesPort } from "./port/files.ts";
import { WOULD_BLOCK } from "./port/files.ts";
import type { SocketAddress, SocketsPort } from "./port/sockets.ts";
import { FdStream, type FdStreamOptions } from "./stream.ts";

/** What sockets need of the system. */
export type SocketSys = SocketsPort & Pick<FilesPort, "read" | "write" | "writeMany" | "close">;

/** How a stream of a connection behaves. */
export type StreamOptions = Omit<FdStreamOptions, "fd" | "hangUpMeansWait">;

const defaultTimeoutMs = 10_000;
// A unix socket whose backlog is full refuses with EAGAIN and offers nothing to wait for.
const retryMs = 5;

/**
 * Connects and returns the stream, not yet started. Rejects with the SysError of connect(2) (`ECONNREFUSED`, `ENOENT`),
 * with KataError `deadline-exceeded`, or with the signal's reason. Default timeout: 10 s.
 */
export function connectStream(
  sys: SocketSys,
  loop: Loop,
  address: SocketAddress,
  options: CallOptions & StreamOptions = {},
): Promise<FdStream> {
  const { timeoutMs = defaultTimeoutMs, signal, ...streamOptions } = options;
  const attempt = new Attempt(sys, loop, address);
  const abort = () => attempt.fail(signal?.reason ?? new KataError("cancelled", "The connection was cancelled"));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const what = `connect to ${addressText(address)}`;
  return withTimeout(loop, timeoutMs, what, attempt.connected)
    .then((fd) => new FdStream({ sys, loop }, { fd, ...streamOptions }))
    .catch((error: unknown) => {
      attempt.fail(error);
      throw error;
    })
    .finally(() => signal?.removeEventListener("abort", abort));
}

/** One connection in the making. */
class Attempt {
  readonly connected: Promise<number>;
  private readonly sys: SocketSys;
  private readonly loop: Loop;
  private readonly address: SocketAddress;
  private resolve: (fd: number) => void = () => {};
  private reject: (error: unknown) => void = () => {};
  private fd = -1;
  private watch: Watch | undefined;
  private settled = false;

  constructor(sys: SocketSys, loop: Loop, address: SocketAddress) {
    this.sys = sys;
    this.loop = loop;
    this.address = address;
    this.connected = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.try();
  }

  /** Gives up; what was opened is closed. */
  fail(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.watch?.stop();
    if (this.fd >= 0) this.sys.close(this.fd);
    this.reject(error);
  }

  private try(): void {
    if (this.settled) return;
    try {
      this.fd = this.sys.connect(this.address);
      this.watch = this.loop.watch(this.fd, { write: true }, () => this.finish());
    } catch (error) {
      if (isErrno(error, "EAGAIN")) this.loop.setTimer(retryMs, () => this.try());
      else this.fail(error);
    }
  }

  private finish(): void {
    const error = this.sys.connectError(this.fd);
    if (error !== undefined) {
      this.fail(withSubject(error, addressText(this.address)));
      return;
    }
    this.settled = true;
    this.watch?.stop();
    this.resolve(this.fd);
  }
}

function withSubject(error: Error, subject: string): Error {
  if (!(error instanceof SysError)) return error;
  const text = /: (.*) \(/.exec(error.message)?.[1] ?? error.message;
  return new SysError(error.syscall, error.errno, error.code, text, subject);
}

/** A socket that accepts connections. */
export interface StreamListener {
  readonly fd: number;
  /** Stops accepting and closes the listening descriptor; accepted streams live on. A socket file stays. */
  close(): void;
}

export interface AcceptOptions extends StreamOptions {
  /**
   * Told once that connections have to wait because descriptors or memory are short, and again only after all that waited
   * were taken. Left out, it is a fault of the loop.
   */
  readonly onExhausted?: (error: SysError) => void;
}

export interface ListenOptions extends AcceptOptions {
  readonly backlog?: number;
  /** Permissions of a unix socket's file; 0o600 unless said otherwise. */
  readonly mode?: number;
}

// Accepted in one turn, and the pause when no more descriptors can be had.
const acceptsPerTurn = 64;
const exhaustedMs = 100;

/** Listens at `address` and hands out each connection, not yet started. Throws SysError. */
export function listenStreams(
  sys: SocketSys,
  loop: Loop,
  address: SocketAddress,
  onStream: (stream: FdStream, fd: number) => void,
  options: ListenOptions = {},
): StreamListener {
  const { backlog, mode, ...streamOptions } = options;
  const fd = sys.listen(address, {
    ...(backlog === undefined ? {} : { backlog }),
    ...(mode === undefined ? {} : { mode }),
  });
  return acceptStreams(sys, loop, fd, onStream, streamOptions);
}

/** The same for a descriptor that listens already, such as one that was inherited; it is owned from now on. */
export function acceptStreams(
  sys: SocketSys,
  loop: Loop,
  fd: number,
  onStream: (stream: FdStream, fd: number) => void,
  { onExhausted = raise, ...streamOptions }: AcceptOptions = {},
): StreamListener {
  let closed = false;
  let exhausted = false;
  const acceptSome = () => {
    for (let i = 0; i < acceptsPerTurn && !closed; i++) {
      let accepted: number;
      try {
        accepted = sys.accept(fd);
      } catch (error) {
        // A connection that its peer gave up meanwhile is no concern of ours (accept(2)).
        if (isErrno(error, "ECONNABORTED", "EPROTO", "EPERM")) continue;
        if (!(error instanceof SysError && isErrno(error, "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"))) throw error;
        // The connection stays in the backlog and the descriptor ready: without a pause the loop would spin.
        watch.update({});
        loop.setTimer(exhaustedMs, () => watch.update({ read: true }));
        if (!exhausted) {
          exhausted = true;
          onExhausted(error);
        }
        return;
      }
      if (accepted === WOULD_BLOCK) {
        exhausted = false;
        return;
      }
      onStream(new FdStream({ sys, loop }, { fd: accepted, ...streamOptions }), accepted);
    }
  };
  const watch = loop.watch(fd, { read: true }, acceptSome);
  return {
    fd,
    close() {
      if (closed) return;
      closed = true;
      watch.stop();
      sys.close(fd);
    },
  };
}

function raise(error: SysError): never {
  throw error;
}
