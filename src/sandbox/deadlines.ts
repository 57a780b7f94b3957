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
  /** A container that is alone in its sandbox and has not ended so long after a SIGKILL ends with the VM. */
  killed: 10_000,
  resize: 10_000,
  stats: 10_000,
  update: 60_000,
  pause: 60_000,
  removeContainer: 10_000,
  closeStdin: 10_000,
  guestDetails: 30_000,
} as const;

/**
 * When a silent agent is taken to hang. A tick is one interval; upstream asks every 5 s and gives a check 30 s (Go) or
 * 90 s (Rust) before it ends the VM.
 */
export const healthLimits = {
  intervalMs: 5000,
  /** So many ticks without a sign of life make a hang: calls fail at once from then on, until the agent answers. */
  hangTicks: 3,
  /** So many silent ticks while the VMM did nothing end the VM. */
  lostTicks: 18,
  /** A call that ends something may take so long before the agent is asked whether it is alive. */
  urgentMs: 1000,
  urgentCheckMs: 500,
  /** How much longer a VM that works may take to answer, when its sandbox is to go on. */
  patienceMs: 6000,
} as const;

/** Exit code of a process whose VM ended. */
export const LOST_EXIT_CODE = 137;
/** Exit code when nobody knows how a process ended. */
export const UNKNOWN_EXIT_CODE = 255;
