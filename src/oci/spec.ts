/**
 * The parts of the OCI runtime specification (config.json) that this project uses, as `parseSpec` delivers them: every
 * property is present, absent lists are empty, 64-bit numbers are bigints, and unknown properties are gone.
 */
export interface Spec {
  readonly ociVersion: string;
  readonly process: Process | undefined;
  readonly root: Root | undefined;
  readonly hostname: string;
  readonly mounts: readonly Mount[];
  readonly hooks: Hooks;
  readonly annotations: Annotations;
  readonly linux: Linux;
}

/** Text by name; an object without prototype, so that no name has a meaning of its own. */
export type Annotations = Readonly<Record<string, string>>;

export interface Process {
  readonly terminal: boolean;
  readonly consoleSize: { readonly height: number; readonly width: number } | undefined;
  readonly user: User;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: Capabilities | undefined;
  readonly rlimits: readonly Rlimit[];
  readonly noNewPrivileges: boolean;
  readonly apparmorProfile: string;
  readonly oomScoreAdj: number;
  readonly selinuxLabel: string;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly username: string;
}

export interface Capabilities {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly inheritable: readonly string[];
  readonly permitted: readonly string[];
  readonly ambient: readonly string[];
}

export interface Rlimit {
  readonly type: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

export interface Root {
  readonly path: string;
  readonly readonly: boolean;
}

export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Programs to run at points of a container's life, by the specification's names of these points. */
export interface Hooks {
  readonly prestart: readonly Hook[];
  readonly createRuntime: readonly Hook[];
  readonly createContainer: readonly Hook[];
  readonly startContainer: readonly Hook[];
  readonly poststart: readonly Hook[];
  readonly poststop: readonly Hook[];
}

export interface Hook {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Seconds; undefined: no limit of its own. */
  readonly timeout: number | undefined;
}

export interface Linux {
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
  readonly sysctl: Annotations;
  readonly resources: Resources | undefined;
  readonly cgroupsPath: string;
  readonly namespaces: readonly Namespace[];
  readonly devices: readonly LinuxDevice[];
  readonly seccomp: Seccomp | undefined;
  readonly rootfsPropagation: string;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly mountLabel: string;
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface Namespace {
  readonly type: NamespaceType;
  readonly path: string;
}
export type NamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup" | "time";

export interface LinuxDevice {
  readonly path: string;
  readonly type: "c" | "b" | "u" | "p";
  readonly major: bigint;
  readonly minor: bigint;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** `linux.resources`, and what an update of a running container carries. Absent numbers mean "not given". */
export interface Resources {
  readonly memory: MemoryResources | undefined;
  readonly cpu: CpuResources | undefined;
  readonly pids: { readonly limit: bigint } | undefined;
  readonly hugepageLimits: readonly { readonly pageSize: string; readonly limit: bigint }[];
}

export interface MemoryResources {
  readonly limit: bigint | undefined;
  readonly reservation: bigint | undefined;
  readonly swap: bigint | undefined;
  readonly swappiness: bigint | undefined;
  readonly disableOOMKiller: boolean;
}

export interface CpuResources {
  readonly shares: bigint | undefined;
  readonly quota: bigint | undefined;
  readonly period: bigint | undefined;
  readonly realtimeRuntime: bigint | undefined;
  readonly realtimePeriod: bigint | undefined;
  readonly cpus: string;
  readonly mems: string;
}

export interface Seccomp {
  readonly defaultAction: string;
  readonly architectures: readonly string[];
  readonly flags: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet: number | undefined;
  readonly args: readonly {
    readonly index: number;
    readonly value: bigint;
    readonly valueTwo: bigint;
    readonly op: string;
  }[];
}
