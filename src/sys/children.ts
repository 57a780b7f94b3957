import type { ExitStatus, ProcessesPort } from "./port/processes.ts";

type Waiter = (status: ExitStatus) => void;

const mostRemembered = 1024;

/** Matches ended children with those who wait for them. */
export class Children {
  private readonly sys: Pick<ProcessesPort, "kill">;
  private readonly waiters = new Map<number, Waiter[]>();
  private readonly ended = new Map<number, ExitStatus>();
  private readonly orphanHandlers: ((pid: number, status: ExitStatus) => void)[] = [];

  constructor(deps: { sys: Pick<ProcessesPort, "kill"> }) {
    this.sys = deps.sys;
  }

  /** See Loop.exited. */
  exited(pid: number): Promise<ExitStatus> {
    const status = this.ended.get(pid);
    if (status !== undefined) {
      this.ended.delete(pid);
      // The number may have been given to a newer child since; then the old status is not the answer.
      if (!this.alive(pid)) return Promise.resolve(status);
    }
    return new Promise((resolve) => {
      const waiting = this.waiters.get(pid);
      if (waiting === undefined) this.waiters.set(pid, [resolve]);
      else waiting.push(resolve);
    });
  }

  /** See Loop.onOrphan. */
  onOrphan(handler: (pid: number, status: ExitStatus) => void): void {
    this.orphanHandlers.push(handler);
  }

  /** Tells of a reaped child; `guard` runs the handlers for it. */
  reaped(pid: number, status: ExitStatus, guard: (run: () => void) => void): void {
    const waiting = this.waiters.get(pid);
    if (waiting !== undefined) {
      this.waiters.delete(pid);
      for (const resolve of waiting) resolve(status);
      return;
    }
    this.ended.delete(pid);
    this.ended.set(pid, status);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= mostRemembered) break;
      this.ended.delete(oldest);
    }
    for (const handler of this.orphanHandlers) guard(() => handler(pid, status));
  }

  private alive(pid: number): boolean {
    try {
      this.sys.kill(pid, 0);
      return true;
    } catch {
      // ESRCH: nobody has that number. The only other error, EPERM, cannot happen for a child of ours.
      return false;
    }
  }
}
