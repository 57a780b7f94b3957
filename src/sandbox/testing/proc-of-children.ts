import type { FakeSys } from "../../sys/fake.ts";

/**
 * Shows what a fake system spawns in its /proc, until it ends: the command line and, as a process's start time, 7 before
 * its pid.
 */
export function showChildrenInProc(sys: FakeSys): void {
  const { processes } = sys.fake;
  processes.onSpawn = ({ pid, options }) => {
    sys.fake.addFile(`/proc/${pid}/stat`, `${pid} (x) S ${"0 ".repeat(18)}7${pid} 0`);
    sys.fake.addFile(`/proc/${pid}/cmdline`, options.argv.map((word) => `${word}\0`).join(""));
  };
  const { onExit } = processes;
  processes.onExit = (process) => {
    sys.removeTree(`/proc/${process.pid}`);
    onExit(process);
  };
}
