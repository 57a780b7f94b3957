import * as native from "kata:native";
import type { Timer } from "../../base/clock.ts";
import { Children } from "../children.ts";
import { isErrno } from "../error.ts";
import type { Interest, Loop, Ready, Watch } from "../loop.ts";
import { pollEvents } from "../port/poll.ts";
import type { ExitStatus } from "../port/processes.ts";
import { signals } from "../signals.ts";
import type { Sys } from "../sys.ts";
import { TimerQueue } from "../timers.ts";

interface Watcher {
  readonly fd: number;
  readonly handler: (ready: Ready) => void;
  events: number;
}

type SignalHandler = (signal: number, senderPid: number) => void;

// A batch of events; more simply come with the next wait.
const batch = 128;

// After work, and then this long without any, memory is tidied up.
const idleMs = 1000;
const worthTidying = 8;

const scratchBytes = 64 * 1024;

function eventsOf(interest: Interest): number {
  return (
    (interest.read ? pollEvents.in : 0) | (interest.write ? pollEvents.out : 0) | (interest.edge ? pollEvents.edge : 0)
  );
}

// By the four bits, each made once: events are frequent, and only a few combinations happen.
const told = pollEvents.in | pollEvents.out | pollEvents.error | pollEvents.hangUp;
const readyTable: (Ready | undefined)[] = new Array(told + 1).fill(undefined);

function readyOf(events: number): Ready {
  const bits = events & told;
  let ready = readyTable[bits];
  if (ready === undefined) {
    ready = {
      read: (bits & pollEvents.in) !== 0,
      write: (bits & pollEvents.out) !== 0,
      hangUp: (bits & pollEvents.hangUp) !== 0,
      error: (bits & pollEvents.error) !== 0,
    };
    readyTable[bits] = ready;
  }
  return ready;
}

/** The loop over epoll. One for each process: it owns SIGCHLD and reaps every child. */
export class EpollLoop implements Loop {
  private readonly sys: Sys;
  private readonly onFault: (error: unknown) => void;
  private readonly poll: number;
  private readonly out = new Int32Array(2 * batch);
  private readonly watchers = new Map<number, Watcher>();
  /** Descriptors that epoll refuses and that are due a report; an edge is due once, then after each change. */
  private readonly alwaysReady = new Set<Watcher>();
  private readonly timers = new TimerQueue();
  private readonly signalHandlers = new Map<number, { readonly watch: Watch; handlers: SignalHandler[] }>();
  private readonly children: Children;
  private nextToken = 0;
  private running = false;
  private scratchBuffer: Uint8Array | undefined;
  /** Handlers that ran since memory was tidied up. */
  private handled = 0;

  /** `onFault` gets what handlers throw and rejections that nobody handles; it must not throw. */
  constructor(deps: { sys: Sys }, options: { onFault: (error: unknown) => void }) {
    this.sys = deps.sys;
    this.onFault = options.onFault;
    this.poll = deps.sys.pollCreate();
    this.children = new Children(deps);
    this.onSignal([signals.SIGCHLD], () => this.reapAll());
  }

  get scratch(): Uint8Array {
    this.scratchBuffer ??= new Uint8Array(scratchBytes);
    return this.scratchBuffer;
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
    const token = this.freeToken();
    const watcher: Watcher = { fd, handler, events: eventsOf(interest) };
    let polled = true;
    try {
      this.sys.pollAdd(this.poll, fd, watcher.events, token);
    } catch (error) {
      if (!isErrno(error, "EPERM")) throw error;
      polled = false;
      this.alwaysReady.add(watcher);
    }
    this.watchers.set(token, watcher);
    return {
      update: (changed) => {
        if (this.watchers.get(token) !== watcher) return;
        const events = eventsOf(changed);
        // An edge is armed again by each change, so an equal interest is not skipped there.
        if (events === watcher.events && !changed.edge) return;
        watcher.events = events;
        if (polled) this.sys.pollModify(this.poll, fd, events, token);
        else this.alwaysReady.add(watcher);
      },
      stop: () => {
        if (this.watchers.get(token) !== watcher) return;
        this.watchers.delete(token);
        if (polled) this.sys.pollRemove(this.poll, fd);
        else this.alwaysReady.delete(watcher);
      },
    };
  }

  onSignal(numbers: readonly number[], handler: SignalHandler): () => void {
    for (const number of numbers) {
      const entry = this.signalHandlers.get(number);
      if (entry !== undefined) entry.handlers = [...entry.handlers, handler];
      else this.takeSignal(number, handler);
    }
    return () => {
      for (const number of numbers) this.dropHandler(number, handler);
    };
  }

  exited(pid: number): Promise<ExitStatus> {
    return this.children.exited(pid);
  }

  onOrphan(handler: (pid: number, status: ExitStatus) => void): void {
    this.children.onOrphan(handler);
  }

  run(): void {
    this.running = true;
    this.settle();
    while (this.running) {
      const waitMs = this.waitMs();
      const tidy = this.handled >= worthTidying && (waitMs < 0 || waitMs > idleMs);
      const count = this.sys.pollWait(this.poll, this.out, tidy ? idleMs : waitMs);
      if (tidy && count === 0) {
        this.handled = 0;
        this.scratchBuffer = undefined;
        native.collect();
      }
      this.fireTimers();
      for (let i = 0; i < count && this.running; i++) {
        // A handler of this batch may have stopped the watch: then its token is gone, even if the number lives again.
        const watcher = this.watchers.get(this.out[2 * i] ?? 0);
        if (watcher !== undefined) this.deliver(watcher, this.out[2 * i + 1] ?? 0);
      }
      for (const watcher of [...this.alwaysReady]) {
        if (!this.running || !this.alwaysReady.has(watcher)) continue;
        if ((watcher.events & pollEvents.edge) !== 0) this.alwaysReady.delete(watcher);
        this.deliver(watcher, watcher.events);
      }
    }
  }

  stop(): void {
    this.running = false;
  }

  private deliver(watcher: Watcher, events: number): void {
    try {
      watcher.handler(readyOf(events));
    } catch (error) {
      this.onFault(error);
    }
    this.settle();
  }

  /** Runs one handler, and then the promise jobs that it caused. */
  private guard(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.onFault(error);
    }
    this.settle();
  }

  /** Runs promise jobs and reports the rejections that nobody handles. */
  private settle(): void {
    this.handled++;
    while (native.runJobs() > 0) for (const fault of native.takeFaults()) this.onFault(fault);
  }

  private waitMs(): number {
    for (const watcher of this.alwaysReady) {
      if ((watcher.events & (pollEvents.in | pollEvents.out)) !== 0) return 0;
    }
    const next = this.timers.nextMs();
    if (next === undefined) return -1;
    // Rounded up: a timer never fires early. Far timers wait in steps, as the kernel's number has 32 bits.
    return Math.min(Math.max(0, Math.ceil(next - this.nowMs())), 0x7fffffff);
  }

  private fireTimers(): void {
    if (this.timers.nextMs() === undefined) return;
    // Timers that are set by timers wait for the next round, so that descriptors are served in between.
    const now = this.nowMs();
    for (let fire = this.timers.takeDue(now); fire !== undefined && this.running; fire = this.timers.takeDue(now)) {
      this.guard(fire);
    }
  }

  private freeToken(): number {
    do this.nextToken = (this.nextToken + 1) & 0x7fffffff;
    while (this.watchers.has(this.nextToken));
    return this.nextToken;
  }

  private takeSignal(number: number, handler: SignalHandler): void {
    const fd = this.sys.signalFd([number]);
    const watch = this.watch(fd, { read: true }, () => this.readSignals(fd));
    this.signalHandlers.set(number, {
      watch: {
        update: () => {},
        stop: () => {
          watch.stop();
          this.sys.close(fd);
        },
      },
      handlers: [handler],
    });
  }

  private dropHandler(number: number, handler: SignalHandler): void {
    const entry = this.signalHandlers.get(number);
    if (entry === undefined) return;
    entry.handlers = entry.handlers.filter((other) => other !== handler);
    if (entry.handlers.length > 0) return;
    this.signalHandlers.delete(number);
    entry.watch.stop();
    this.sys.releaseSignals([number]);
  }

  private readSignals(fd: number): void {
    const received = this.sys.readSignal(fd);
    if (received === undefined) return;
    for (const handler of this.signalHandlers.get(received.signal)?.handlers ?? []) {
      this.guard(() => handler(received.signal, received.pid));
    }
  }

  private reapAll(): void {
    for (let ended = this.sys.reap(); ended !== undefined; ended = this.sys.reap()) {
      this.children.reaped(ended.pid, ended.status, (run) => this.guard(run));
    }
  }
}
