import { KataError } from "../base/error.ts";
import type { Sys } from "../sys/sys.ts";

/**
 * Starts PID 1 of a new pid namespace, for the containers of a pod to share, and returns its pid out here. It is the
 * agent's own binary under another name (native/reaper.c): an engine would cost megabytes for a process that only
 * waits. It sees an empty root, mounted over `place` in a mount namespace of its own. Throws KataError or SysError.
 */
export function startPodReaper(sys: Sys, place: string): number {
  sys.mkdirAll(place, 0o700);
  const home = sys.open("/proc/self/ns/pid");
  const [readEnd, writeEnd] = sys.pipe();
  try {
    const pid = spawnInNewNamespace(sys, home, place, writeEnd);
    sys.close(writeEnd);
    // It has a handful of system calls to make, so this does not hold up others for long; containers must not see it before.
    const ready = sys.read(readEnd, new Uint8Array(1)) === 1;
    if (!ready) throw new KataError("internal", "The first process of the pod's pid namespace cannot be set up");
    return pid;
  } finally {
    sys.close(readEnd);
    sys.close(home);
  }
}

function spawnInNewNamespace(sys: Sys, home: number, place: string, output: number): number {
  // It holds for children only; the agent stays where it is.
  sys.unshare(["pid"]);
  try {
    return sys.spawn({
      path: "/proc/self/exe",
      argv: ["pod-reaper", place],
      env: [],
      cwd: "/",
      fds: [-1, output, -1],
      newMountNamespace: true,
    });
  } catch (error) {
    sys.close(output);
    throw error;
  } finally {
    sys.enterNamespace(home, "pid");
  }
}
