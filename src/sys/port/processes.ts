/** How a process ended. */
export type ExitStatus =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; readonly signal: number };

/** The shell's number for it: the exit code, or 128 + signal. */
export function exitCode(status: ExitStatus): number {
  return status.kind === "exited" ? status.code : 128 + status.signal;
}

/** A program to start. Nothing is inherited but what stands here. */
export interface SpawnOptions {
  /** Absolute path of the program: no PATH search. */
  readonly path: string;
  /** The whole argv, with argv[0]. */
  readonly argv: readonly string[];
  /** `NAME=value` entries. */
  readonly env: readonly string[];
  readonly cwd?: string;
  /** Descriptor N of the child is `fds[N]` of the caller; -1 gives /dev/null. All others are closed. Default: three times -1. */
  readonly fds?: readonly number[];
  /** A new session; with `controllingTerminal`, descriptor 0 becomes its terminal. */
  readonly newSession?: boolean;
  readonly controllingTerminal?: boolean;
  /** The child gets this signal when the caller's thread dies (PR_SET_PDEATHSIG). */
  readonly deathSignal?: number;
  /** Network namespace to enter, a path such as /var/run/netns/x. */
  readonly netns?: string;
  /** Start in a new mount namespace whose mounts no longer propagate to the caller's. */
  readonly newMountNamespace?: boolean;
  /** `cgroup.procs` files to write the child's pid to before it starts. */
  readonly cgroupProcs?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
  readonly rlimits?: readonly { readonly resource: RlimitName; readonly soft: bigint; readonly hard: bigint }[];
  readonly umask?: number;
  /**
   * Loads the program and its libraries at the same addresses each time (ADDR_NO_RANDOMIZE, personality(2); inherited).
   * An emulator keeps translated code by address, so a program that starts often starts quicker.
   */
  readonly fixedAddresses?: boolean;
  readonly oomScoreAdj?: number;
}
export type RlimitName = "nofile" | "core" | "memlock" | "nproc" | "stack" | "fsize";

/** Processes. Waiting for children is the event loop's job (`Loop.exited`). */
export interface ProcessesPort {
  /** Starts a program and returns its pid once exec succeeded; throws SysError naming the step that failed otherwise. */
  spawn(options: SpawnOptions): number;
  /** Sends a signal; a negative pid is a process group. Signal 0 only checks. */
  kill(pid: number, signal: number): void;
  /** Reaps one ended child of any pid (waitpid(-1, WNOHANG)); undefined when none is waiting. */
  reap(): { readonly pid: number; readonly status: ExitStatus } | undefined;
  pid(): number;
  parentPid(): number;
  uid(): number;
  /** Orphans of descendants become children of the caller (PR_SET_CHILD_SUBREAPER). */
  becomeSubreaper(): void;
  /**
   * From now on this process and its children share CPU cores with each other only (PR_SCHED_CORE). Throws SysError EINVAL
   * or ENODEV where the kernel or the machine has no core scheduling.
   */
  scheduleApart(): void;
  /** Asks for `signal` when the parent dies. */
  setDeathSignal(signal: number): void;
  newSession(): void;
  setOomScoreAdj(value: number): void;
  umask(mask: number): number;
  setRlimit(resource: RlimitName, soft: bigint, hard: bigint): void;
  env(name: string): string | undefined;
  environment(): string[];
  /** The program's own arguments, argv[0] first. */
  argv(): readonly string[];
  /** Ends the process at once; nothing is flushed. */
  exit(code: number): never;
}
