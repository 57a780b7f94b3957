/** Terminals (tty_ioctl(4), pty(7)). Calls throw SysError. */
export interface TerminalsPort {
  isTerminal(fd: number): boolean;
  windowSize(fd: number): { readonly rows: number; readonly columns: number };
  setWindowSize(fd: number, rows: number, columns: number): void;
  /** Switches to raw mode and returns the state to give back to `restoreTerminal`. */
  makeRaw(fd: number): Uint8Array;
  restoreTerminal(fd: number, state: Uint8Array): void;
  /** A new pseudo terminal: the master's descriptor (non-blocking) and the slave's path. */
  openPty(): { readonly master: number; readonly slavePath: string };
}
