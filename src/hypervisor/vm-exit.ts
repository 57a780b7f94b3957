import { type ErrorDetails, KataError } from "../base/error.ts";
import type { ExitStatus } from "../sys/port/processes.ts";
import { signalName } from "../sys/signals.ts";
import type { VmExit } from "./hypervisor.ts";

/** Lines that an error shows. */
const consoleLines = 20;
const vmmLines = 10;

/** How a program ended, as the end of a sentence. */
export function describeExit(status: ExitStatus): string {
  return status.kind === "exited"
    ? `exited with code ${status.code}`
    : `was killed by signal ${status.signal} (${signalName(status.signal)})`;
}

/**
 * The error for a VMM that ended by itself: its own words and the guest's last lines are the causes. `when` completes the
 * sentence.
 */
export function vmExitError(vmm: string, exit: VmExit, when: string, details: ErrorDetails = {}): KataError {
  const console = tail(exit.consoleTail, consoleLines);
  const words = tail(exit.stderrTail, vmmLines);
  let cause: Error | undefined;
  if (console !== "") cause = new Error(`The guest's console ended with:\n${console}`);
  if (words !== "") cause = new Error(`${vmm} said: ${words}`, cause === undefined ? {} : { cause });
  const text = exit.guestEnd === undefined ? "" : `: ${exit.guestEnd}`;
  return new KataError("unavailable", `${vmm} ${describeExit(exit.status)} ${when}${text}`, {
    ...details,
    ...(cause === undefined ? {} : { cause }),
  });
}

function tail(lines: readonly string[], count: number): string {
  return lines
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .join("\n");
}
