import type { KataError } from "../base/error.ts";
import type { VmExit } from "../hypervisor/hypervisor.ts";
import { vmExitError } from "../hypervisor/vm-exit.ts";
import { oomKills } from "../resource/cgroup.ts";
import type { FilesPort } from "../sys/port/files.ts";
import { signals } from "../sys/signals.ts";

/** What tells why a VMM ended. */
export interface VmLossDeps {
  readonly sys: Pick<FilesPort, "statFs" | "exists" | "lstat" | "readText">;
  readonly sandbox: { readonly id: string; readonly cgroupsPath: string };
}

/**
 * The error for a VMM that ended by itself. A SIGKILL that came from the host's kernel for want of memory is told apart
 * from one that somebody sent. `when` completes the sentence.
 */
export function vmLossError({ sys, sandbox }: VmLossDeps, vmm: string, exit: VmExit, when: string): KataError {
  const killed = exit.status.kind === "signaled" && exit.status.signal === signals.SIGKILL;
  if (!killed || oomKills(sys, sandbox) === 0) return vmExitError(vmm, exit, when);
  return vmExitError(vmm, exit, `${when}, because the host ran out of memory`, {
    hint: "The host's kernel chose it to free memory (oom_kill in the sandbox's cgroup): give the host or the cgroup more",
  });
}
