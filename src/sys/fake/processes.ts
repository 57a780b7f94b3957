import type { ExitStatus, ProcessesPort, SpawnOptions } from "../port/processes.ts";
import { signals } from "../signals.ts";
import { fakeError } from "./errors.ts";

/** A process that was spawned through the fake. */
export interface FakeProcess {
  readonly pid: number;
  readonly options: SpawnOptions;
  /** Undefined while it runs. */
  status: ExitStatus | undefined;
  reaped: boolean;
  /** Signals that it got, in order. */
  readonly signals: number[];
}

/** The process table of a fake. */
export class FakeProcesses {
  readonly table = new Map<number, FakeProcess>();
  /** Called for each spawn, before it returns: scripts what the program does. May throw to refuse it. */
  onSpawn: (process: FakeProcess) => void = () => {};
  /** Called when a child has ended; FakeLoop hooks in here. */
  onExit: (process: FakeProcess) => void = () => {};
  env: string[] = [];
  argv: string[] = ["program"];
  subreaper = false;
  /** It shares CPU cores with its children only. */
  apart = false;
  private nextPid = 100;

  spawn(options: SpawnOptions): number {
    const process: FakeProcess = { pid: this.nextPid, options, status: undefined, reaped: false, signals: [] };
    this.table.set(process.pid, process);
    try {
      this.onSpawn(process);
    } catch (error) {
      this.table.delete(process.pid);
      throw error;
    }
    this.nextPid++;
    return process.pid;
  }

  /** Ends a process, which the loop then learns. */
  exit(pid: number, status: ExitStatus): void {
    const process = this.table.get(pid);
    if (process === undefined || process.status !== undefined) throw new Error(`no running fake process ${pid}`);
    process.status = status;
    this.onExit(process);
  }

  /** SIGKILL ends a process; other signals are only recorded. */
  kill(pid: number, signal: number): void {
    const process = this.table.get(Math.abs(pid));
    if (process === undefined || process.reaped) throw fakeError("kill", "ESRCH", String(pid));
    if (signal !== 0) process.signals.push(signal);
    if (signal === signals.SIGKILL && process.status === undefined)
      this.exit(process.pid, { kind: "signaled", signal });
  }

  reap(): { pid: number; status: ExitStatus } | undefined {
    for (const process of this.table.values()) {
      if (process.status === undefined || process.reaped) continue;
      process.reaped = true;
      return { pid: process.pid, status: process.status };
    }
    return undefined;
  }
}

/** What `exit` throws in a fake: the test's process must live on. */
export class FakeExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the program exited with ${code}`);
    this.code = code;
  }
}

/** ProcessesPort over the table. */
export function fakeProcesses(table: FakeProcesses): ProcessesPort {
  return {
    spawn: (options) => table.spawn(options),
    kill: (pid, signal) => table.kill(pid, signal),
    reap: () => table.reap(),
    pid: () => 42,
    parentPid: () => 1,
    uid: () => 0,
    becomeSubreaper() {
      table.subreaper = true;
    },
    scheduleApart() {
      table.apart = true;
    },
    setDeathSignal() {},
    newSession() {},
    setOomScoreAdj() {},
    umask: () => 0o022,
    setRlimit() {},
    env(name) {
      const prefix = `${name}=`;
      return table.env.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
    },
    environment: () => [...table.env],
    argv: () => table.argv,
    exit(code) {
      throw new FakeExit(code);
    },
  };
}
