import type { Clock } from "../base/clock.ts";
import type { ExitStatus } from "./port/processes.ts";

/** What a watcher wants to hear about. `edge` reports changes only (EPOLLET): the handler must read until WOULD_BLOCK. */
export interface Interest {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly edge?: boolean;
}

/** What happened. `hangUp` and `error` are reported whatever the interest is. */
export interface Ready {
  readonly read: boolean;
  readonly write: boolean;
  readonly hangUp: boolean;
  readonly error: boolean;
}

/** A watched descriptor. */
export interface Watch {
  /** Changes the interest. Ignored after stop(). */
  update(interest: Interest): void;
  /** Stops watching; does not close the descriptor. Must come before closing it. Harmless when repeated. */
  stop(): void;
}

/** The event loop. It is the Clock too. */
export interface Loop extends Clock {
  /**
   * 64 KiB to read into, for everybody: what is in it lasts until the reader's handler returns. Not to be kept, since a loop
   * that turns idle gives it up.
   */
  readonly scratch: Uint8Array;
  /**
   * Calls `handler` whenever the descriptor is ready. Regular files, which the kernel cannot watch, count as always
   * ready. Throws SysError EEXIST when the descriptor is watched already.
   */
  watch(fd: number, interest: Interest, handler: (ready: Ready) => void): Watch;
  /** Signals arrive here instead of killing the process; returns the undo. Several handlers may share a signal. */
  onSignal(signals: readonly number[], handler: (signal: number, senderPid: number) => void): () => void;
  /** How child `pid` ended. May be called before or after it ended (ended ones are remembered until asked, bounded). */
  exited(pid: number): Promise<ExitStatus>;
  /** PID 1 / subreaper: told of every reaped child that nobody asked for. */
  onOrphan(handler: (pid: number, status: ExitStatus) => void): void;
  /**
   * Runs until stop(). Promise jobs run between handlers. Handlers are guarded: a throwing one is reported with its
   * TypeScript stack, as is a rejected promise that nobody handles, and the loop goes on.
   */
  run(): void;
  /** Makes run() return after the current handler. */
  stop(): void;
}
