import { KataError } from "../base/error.ts";
import { describeExit } from "../hypervisor/vm-exit.ts";
import type { ExitStatus } from "../sys/port/processes.ts";

/** The error for a share-fs daemon that ended by itself. `when` completes the sentence. */
export function shareFsExitError(
  exit: { readonly status: ExitStatus; readonly stderrTail: readonly string[] },
  when: string,
): KataError {
  const words = exit.stderrTail.filter((line) => line.trim() !== "").slice(-10);
  return new KataError("unavailable", `The share-fs daemon (virtiofsd) ${describeExit(exit.status)} ${when}`, {
    ...(words.length === 0 ? {} : { cause: new Error(`It said: ${words.join("\n")}`) }),
  });
}
