import type { ResolvedUser } from "./user-database.ts";
import type { TmpfsFlag } from "./volume.ts";

/** A bind mount whose source is known to exist. */
export interface BindMount {
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
}

/** Everything that a container's config.json depends on. */
export interface SpecInput {
  readonly id: string;
  readonly hostname: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: ResolvedUser;
  readonly terminal: boolean;
  readonly consoleSize: { readonly rows: number; readonly columns: number } | undefined;
  readonly capabilities: readonly string[];
  readonly readOnlyRootfs: boolean;
  readonly mounts: readonly BindMount[];
  readonly tmpfs: readonly TmpfsFlag[];
  readonly memoryBytes: number | undefined;
  readonly cpus: number | undefined;
  readonly pidsLimit: number | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** config.json as it is written; only what JSON can hold. */
export type SpecDocument = Readonly<Record<string, unknown>>;

/** docker's masked paths: what of /proc and /sys tells too much or can do harm. */
const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** The CPU controller's period in microseconds, docker's and the kernel's default. */
const cpuPeriod = 100_000;

/** Builds the runtime specification of a container as docker would for these inputs (OCI runtime-spec 1.0.2). */
export function buildSpec(input: SpecInput): SpecDocument {
  return {
    ociVersion: "1.0.2",
    process: {
      ...(input.terminal ? { terminal: true } : {}),
      ...(input.consoleSize === undefined
        ? {}
        : { consoleSize: { height: input.consoleSize.rows, width: input.consoleSize.columns } }),
      user: { uid: input.user.uid, gid: input.user.gid, additionalGids: input.user.additionalGids },
      args: input.args,
      env: input.env,
      cwd: input.cwd,
      capabilities: capabilitySets(input.capabilities, input.user.uid),
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 1024, hard: 524_288 }],
    },
    root: { path: "rootfs", readonly: input.readOnlyRootfs },
    hostname: input.hostname,
    mounts: [...systemMounts(), ...input.mounts.map(bindMount), ...input.tmpfs.map(tmpfsMount)],
    annotations: input.annotations,
    linux: {
      cgroupsPath: `/kata-ctl/${input.id}`,
      resources: resources(input),
      namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
      maskedPaths,
      readonlyPaths,
    },
  };
}

/** Only root gets them at once; others may gain them through set-user-id programs (capabilities(7)). */
export function capabilitySets(names: readonly string[], uid: number): SpecDocument {
  return uid === 0 ? { bounding: names, effective: names, permitted: names } : { bounding: names };
}

function systemMounts(): SpecDocument[] {
  const mount = (destination: string, type: string, source: string, ...options: string[]) => ({
    destination,
    type,
    source,
    options,
  });
  return [
    mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
    mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
    mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
    mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
    mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
    mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
  ];
}

function bindMount({ destination, readOnly, source }: BindMount): SpecDocument {
  return { destination, type: "bind", source, options: ["rbind", "rprivate", readOnly ? "ro" : "rw"] };
}

function tmpfsMount({ destination, options }: TmpfsFlag): SpecDocument {
  return { destination, type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "noexec", ...options] };
}

function resources({ cpus, memoryBytes, pidsLimit }: SpecInput): SpecDocument {
  return {
    devices: [{ allow: false, access: "rwm" }],
    ...(memoryBytes === undefined ? {} : { memory: { limit: memoryBytes } }),
    ...(cpus === undefined ? {} : { cpu: { quota: Math.round(cpus * cpuPeriod), period: cpuPeriod } }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
  };
}
