/** Raw readiness and signals, for the event loop only (epoll(7), signalfd(2)). */
export interface PollPort {
  pollCreate(): number;
  /** `token` comes back with each event: it tells a reused descriptor number from the one that was watched. */
  pollAdd(poll: number, fd: number, events: number, token: number): void;
  pollModify(poll: number, fd: number, events: number, token: number): void;
  pollRemove(poll: number, fd: number): void;
  /** Waits at most `timeoutMs` (-1 for ever); fills `out` with pairs token, events; returns the number of pairs. */
  pollWait(poll: number, out: Int32Array, timeoutMs: number): number;
  /** A non-blocking signalfd that takes over these signals. */
  signalFd(signals: readonly number[]): number;
  /** Gives signals back that a signalfd took over: pending ones take their default action at once. */
  releaseSignals(signals: readonly number[]): void;
  /** Takes one signal from it, or undefined. */
  readSignal(fd: number): { readonly signal: number; readonly pid: number } | undefined;
}

/** Event bits of epoll_ctl(2), the same on every architecture. */
export const pollEvents = { in: 1, out: 4, error: 8, hangUp: 16, readHangUp: 0x2000, edge: 0x80000000 | 0 } as const;
