import { KataError } from "../../base/error.ts";
import { signals } from "../../sys/signals.ts";

/** Highest signal number on Linux (SIGRTMAX). */
const SIGNAL_MAX = 64;

/** What SignalProcess is asked to do. */
export interface SignalRequest {
  readonly signal: number;
  /** The exec id as the host sent it; empty means the container as a whole. */
  readonly execId: string;
  /** The target is PID 1 of its pid namespace. */
  readonly isInit: boolean;
  /** Whether the target has a handler for SIGTERM; asked only when it matters. */
  readonly handlesTerm: () => boolean;
}

/** What to send: one signal to one process, or SIGKILL to everything in the container's cgroup. */
export type SignalDecision = { readonly kind: "process"; readonly signal: number } | { readonly kind: "everything" };

/**
 * Upstream's rules: SIGTERM to a first process without a handler would be ignored (it is PID 1 of its namespace), so
 * it becomes SIGKILL; SIGKILL without an exec id takes all processes of the container along.
 * Throws `invalid-argument` for numbers that are no signal; 0 only checks that the process is there.
 */
export function decideSignal(request: SignalRequest): SignalDecision {
  const { signal } = request;
  if (!Number.isInteger(signal) || signal < 0 || signal > SIGNAL_MAX) {
    throw new KataError("invalid-argument", `Signal must be a number from 0 to ${SIGNAL_MAX}, got ${signal}`, {
      field: "signal",
    });
  }
  const kill = signal === signals.SIGKILL || (signal === signals.SIGTERM && request.isInit && !request.handlesTerm());
  if (!kill) return { kind: "process", signal };
  return request.execId === "" ? { kind: "everything" } : { kind: "process", signal: signals.SIGKILL };
}

/** Whether the text of /proc/PID/status says that the process catches `signal` (`SigCgt`, proc(5)). */
export function catchesSignal(status: string, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-fA-F]{1,32})$/m.exec(status)?.[1];
  if (mask === undefined || signal < 1 || signal > SIGNAL_MAX) return false;
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}
