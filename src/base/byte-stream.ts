/** What a stream tells its owner. */
export interface ByteStreamHandlers {
  /** A chunk arrived. It is borrowed: copy what must outlive the call. */
  data(chunk: Uint8Array): void;
  /** The stream is over, by either side; called once, after the last data. `error` is absent after an orderly end. */
  close(error?: Error): void;
}

/**
 * A bidirectional byte stream with back-pressure: a connected socket or a virtio-serial port. Protocol code depends on
 * this interface only, so it runs over sockets on the native target and over memory pairs in tests.
 */
export interface ByteStream {
  /** Begins delivering. Must be called exactly once, before any data is delivered. */
  start(handlers: ByteStreamHandlers): void;
  /** Queues bytes in order; the caller must not change them afterwards. Ignored after the stream closed. */
  write(chunk: Uint8Array): void;
  /** Bytes queued but not yet taken by the kernel. */
  readonly pendingBytes: number;
  /** Resolves once the queue is below the low-water mark, at once if it is; also when the stream closes. */
  drained(): Promise<void>;
  /** Stops reading: the peer feels back-pressure. */
  pause(): void;
  resume(): void;
  /** Ends the stream at once; queued bytes are dropped. `close` is reported to the handlers. */
  close(error?: Error): void;
  /** Ends the stream after the queued bytes are written. */
  end(): void;
}
