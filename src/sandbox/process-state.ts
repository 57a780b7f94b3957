import { KataError } from "../base/error.ts";

/** How a process ended. */
export interface Exit {
  /** As a shell has it: 128 + signal for a signal. */
  readonly code: number;
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number;
}

/** The life of a process, be it a container's first one or an exec. Only a container can be paused. */
export type ProcessState =
  | { readonly kind: "created" }
  | { readonly kind: "starting" }
  | { readonly kind: "running" }
  | { readonly kind: "pausing" }
  | { readonly kind: "paused" }
  | { readonly kind: "stopped"; readonly exit: Exit };

/** What happens to a process. */
export type ProcessEvent =
  /** Its start was asked for, has worked. A failed start ends the process. */
  | { readonly kind: "start" | "started" }
  /** Its pause was asked for, has worked, has failed; it goes on. */
  | { readonly kind: "pause" | "paused" | "pause-failed" | "resumed" }
  | { readonly kind: "ended"; readonly exit: Exit };

type Step = { readonly from: ProcessState["kind"]; readonly to: Exclude<ProcessState["kind"], "stopped"> };

const steps: Readonly<Record<Exclude<ProcessEvent["kind"], "ended">, Step>> = {
  start: { from: "created", to: "starting" },
  started: { from: "starting", to: "running" },
  pause: { from: "running", to: "pausing" },
  paused: { from: "pausing", to: "paused" },
  "pause-failed": { from: "pausing", to: "running" },
  resumed: { from: "paused", to: "running" },
};

/** Events that report what the guest did: they may come late, when the process has ended meanwhile. */
const reports: ReadonlySet<ProcessEvent["kind"]> = new Set(["started", "paused", "pause-failed", "resumed"]);

/**
 * The state after an event. The first end counts, later ones change nothing. Throws KataError `failed-precondition` for
 * an event that the state does not allow; `what` is the subject of its sentence.
 */
export function nextState(state: ProcessState, event: ProcessEvent, what: string): ProcessState {
  if (event.kind === "ended") return state.kind === "stopped" ? state : { kind: "stopped", exit: event.exit };
  const step = steps[event.kind];
  if (state.kind === step.from) return { kind: step.to };
  if (state.kind === "stopped" && reports.has(event.kind)) return state;
  throw new KataError(
    "failed-precondition",
    `${what} must be ${step.from} to ${verbs[event.kind]}, it is ${state.kind}`,
  );
}

const verbs: Readonly<Record<Exclude<ProcessEvent["kind"], "ended">, string>> = {
  start: "be started",
  started: "run",
  pause: "be paused",
  paused: "be paused",
  "pause-failed": "run",
  resumed: "be resumed",
};
