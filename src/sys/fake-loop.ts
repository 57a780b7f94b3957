import type { Timer } from "../base/clock.ts";
import { Children } from "./children.ts";
import type { FakeSys } from "./fake.ts";
import type { Interest, Loop, Ready, Watch } from "./loop.ts";
import type { ExitStatus } from "./port/processes.ts";
import { TimerQueue } from "./timers.ts";

interface FakeWatch {
  readonly fd: number;
  readonly handler: (ready: Ready) => void;
  interest: Interest;
  /** What an edge-triggered watch has heard last. */
  heard: string;
}

/**
 * A loop that a test drives: time moves by `advance`, descriptors of a FakeSys are served by `settle`, signals come by
 * `signal`. What handlers throw goes to `faults`. Promise jobs are the engine's own, so a test awaits `settle`.
 */
export class FakeLoop implements Loop {
  readonly sys: FakeSys;
  readonly scratch = new Uint8Array(64 * 1024);
  readonly faults: unknown[] = [];
  private readonly watches = new Set<FakeWatch>();
  private readonly timers = new TimerQueue();
  private readonly signalHandlers = new Map<number, Set<(signal: number, senderPid: number) => void>>();
  private readonly children: Children;

  constructor(sys: FakeSys) {
    this.sys = sys;
    const { processes } = sys.fake;
    this.children = new Children({ sys: { kill: (pid, signal) => processes.kill(pid, signal) } });
    processes.onExit = () => {
      for (let ended = processes.reap(); ended !== undefined; ended = processes.reap()) {
        this.children.reaped(ended.pid, ended.status, (run) => this.guard(run));
      }
    };
  }

  nowMs(): number {
    return this.sys.nowMs();
  }

  wallMs(): number {
    return this.sys.wallMs();
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    return this.timers.add(this.nowMs() + Math.max(0, delayMs), fire);
  }

  watch(fd: number, interest: Interest, handler: (ready: Ready) => void): Watch {
    const watch: FakeWatch = { fd, handler, interest, heard: "" };
    this.watches.add(watch);
    return {
      update(changed) {
        watch.interest = changed;
        watch.heard = "";
      },
      stop: () => void this.watches.delete(watch),
    };
  }

  onSignal(signals: readonly number[], handler: (signal: number, senderPid: number) => void): () => void {
    for (const signal of signals) {
      const handlers = this.signalHandlers.get(signal) ?? new Set();
      handlers.add(handler);
      this.signalHandlers.set(signal, handlers);
    }
    return () => {
      for (const signal of signals) this.signalHandlers.get(signal)?.delete(handler);
    };
  }

  exited(pid: number): Promise<ExitStatus> {
    return this.children.exited(pid);
  }

  onOrphan(handler: (pid: number, status: ExitStatus) => void): void {
    this.children.onOrphan(handler);
  }

  /** Tests drive this loop themselves. */
  run(): void {
    throw new Error("a FakeLoop is driven by advance() and settle()");
  }

  stop(): void {}

  /** Delivers a signal to its handlers; false when there is none. */
  signal(signal: number, senderPid = 0): boolean {
    const handlers = [...(this.signalHandlers.get(signal) ?? [])];
    for (const handler of handlers) this.guard(() => handler(signal, senderPid));
    return handlers.length > 0;
  }

  /** Calls the handlers of a watched descriptor, for descriptors that the FakeSys does not know. */
  emit(fd: number, ready: Partial<Ready>): void {
    for (const watch of [...this.watches]) {
      if (watch.fd !== fd) continue;
      this.guard(() => watch.handler({ read: false, write: false, hangUp: false, error: false, ...ready }));
    }
  }

  /** Lets promise jobs run and serves timers that are due and descriptors that are ready, until all is quiet. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10_000; round++) {
      for (let i = 0; i < 20; i++) await Promise.resolve();
      const fire = this.timers.takeDue(this.nowMs());
      if (fire !== undefined) this.guard(fire);
      else if (!this.serveOne()) return;
    }
    throw new Error("the fake loop did not become quiet in 10000 rounds");
  }

  /** Moves time on, firing each timer at its own time. */
  async advance(ms: number): Promise<void> {
    const end = this.nowMs() + ms;
    await this.settle();
    for (let next = this.timers.nextMs(); next !== undefined && next <= end; next = this.timers.nextMs()) {
      this.sys.fake.setNowMs(Math.max(next, this.nowMs()));
      await this.settle();
    }
    this.sys.fake.setNowMs(end);
    await this.settle();
  }

  /** Timers that wait. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  private serveOne(): boolean {
    for (const watch of this.watches) {
      const now = this.sys.fake.readiness(watch.fd);
      const read = now.read && (watch.interest.read ?? false);
      const write = now.write && (watch.interest.write ?? false);
      const ready = { ...now, read, write };
      if (!(read || write || ready.hangUp || ready.error)) {
        watch.heard = "";
        continue;
      }
      // Level-triggered watches that ignore an event would spin for ever here as in epoll; edges are told once.
      const text = JSON.stringify([ready, this.sys.fake.waiting(watch.fd)]);
      if (watch.interest.edge && watch.heard === text) continue;
      watch.heard = text;
      this.guard(() => watch.handler(ready));
      return true;
    }
    return false;
  }

  private guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.faults.push(error);
    }
  }
}
