/**
 * How long the agent may take to answer, in milliseconds. Whoever waits for the agent on behalf of a caller has one of
 * these; only WaitProcess, GetOOMEvent and the streams have none, and they end with the connection.
 */
export const deadlines = {
  createSandbox: 60_000,
  startContainer: 60_000,
  exec: 60_000,
  /** A guest that does not take a SIGKILL within this time is taken to be lost. */
  signal: 10_000,
  resize: 10_000,
  stats: 10_000,
  update: 60_000,
  pause: 60_000,
  removeContainer: 10_000,
  closeStdin: 10_000,
  guestDetails: 30_000,
} as const;

/** Exit code of a process whose VM ended. */
export const LOST_EXIT_CODE = 137;
/** Exit code when nobody knows how a process ended. */
export const UNKNOWN_EXIT_CODE = 255;
