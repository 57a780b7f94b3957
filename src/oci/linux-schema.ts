import {
  absolutePath,
  bigInteger,
  bool,
  type Check,
  FieldProblem,
  int64,
  integer,
  list,
  matching,
  object,
  oneOf,
  optional,
  text,
  uint32,
  uint64,
  withDefault,
} from "./check.ts";
import { annotationMap } from "./process-schema.ts";
import type {
  Annotations,
  CpuResources,
  IdMapping,
  Linux,
  LinuxDevice,
  MemoryResources,
  Namespace,
  NamespaceType,
  Resources,
  Seccomp,
  SeccompRule,
} from "./spec.ts";

const namespaceTypes: readonly NamespaceType[] = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"];

/** A cgroup below this cannot hold the runtime that starts the container in it. */
const MIN_MEMORY_LIMIT = 1n << 20n;

const actions = (
  "SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP SCMP_ACT_ERRNO SCMP_ACT_TRACE SCMP_ACT_ALLOW " +
  "SCMP_ACT_LOG SCMP_ACT_NOTIFY"
).split(" ");
const operators = "SCMP_CMP_NE SCMP_CMP_LT SCMP_CMP_LE SCMP_CMP_EQ SCMP_CMP_GE SCMP_CMP_GT SCMP_CMP_MASKED_EQ".split(
  " ",
);

const memoryLimit: Check<bigint> = (value) => {
  const limit = bigInteger(-1n, (1n << 63n) - 1n)(value);
  if (limit > 0n && limit < MIN_MEMORY_LIMIT) {
    throw new FieldProblem(`must be at least ${MIN_MEMORY_LIMIT} bytes (1 MiB), got ${limit}`);
  }
  return limit;
};

const memory = object<MemoryResources>({
  limit: optional(memoryLimit),
  reservation: optional(bigInteger(-1n, (1n << 63n) - 1n)),
  swap: optional(bigInteger(-1n, (1n << 63n) - 1n)),
  swappiness: optional(bigInteger(0n, 200n)),
  disableOOMKiller: bool,
});

const cpuList = withDefault(matching(/^[\d,\s-]{0,4096}$/, "a list of CPUs such as 0-3,7"), "");
const cpu = object<CpuResources>({
  shares: optional(uint64),
  quota: optional(int64),
  period: optional(bigInteger(0n, 1_000_000n)),
  realtimeRuntime: optional(int64),
  realtimePeriod: optional(uint64),
  cpus: cpuList,
  mems: cpuList,
});

/** `linux.resources`, of a container or of an update. */
export const resourcesCheck: Check<Resources> = object<Resources>({
  memory: optional(memory),
  cpu: optional(cpu),
  pids: optional(object<{ limit: bigint }>({ limit: withDefault(bigInteger(-1n, 1n << 32n), 0n) })),
  hugepageLimits: list(
    object<{ pageSize: string; limit: bigint }>({
      pageSize: matching(/^[1-9]\d{0,5}[KMG]B$/, "a size such as 2MB"),
      limit: uint64,
    }),
    16,
  ),
});

const namespace = object<Namespace>({ type: oneOf(namespaceTypes), path: withDefault(text, "") });
const namespaces: Check<readonly Namespace[]> = (value) => {
  const checked = list(namespace, 64)(value);
  for (const [index, { type }] of checked.entries()) {
    if (checked.findIndex((other) => other.type === type) !== index) {
      throw new FieldProblem(`must be unique, got a second ${type} namespace`).within("type").within(index);
    }
  }
  return checked;
};

const device = object<LinuxDevice>({
  path: absolutePath,
  type: oneOf(["c", "b", "u", "p"]),
  major: withDefault(bigInteger(0n, 0xfffn), 0n),
  minor: withDefault(bigInteger(0n, 0xfffffn), 0n),
  fileMode: withDefault(integer(0, 0o177777), 0),
  uid: withDefault(uint32, 0),
  gid: withDefault(uint32, 0),
});

const seccompRule = object<SeccompRule>({
  names: list(text, 1024),
  action: oneOf(actions),
  errnoRet: optional(integer(0, 4095)),
  args: list(
    object<SeccompRule["args"][number]>({
      index: integer(0, 5),
      value: withDefault(uint64, 0n),
      valueTwo: withDefault(uint64, 0n),
      op: oneOf(operators),
    }),
    64,
  ),
});

const seccomp = object<Seccomp>({
  defaultAction: oneOf(actions),
  architectures: list(matching(/^SCMP_ARCH_[A-Z0-9_]{1,20}$/, "a name such as SCMP_ARCH_X86_64"), 64),
  flags: list(matching(/^SECCOMP_FILTER_FLAG_[A-Z_]{1,40}$/, "a name such as SECCOMP_FILTER_FLAG_LOG"), 16),
  syscalls: list(seccompRule, 4096),
});

const sysctlKey = /^[a-z0-9_-]+(?:\.[a-zA-Z0-9_-]+)+$/;
const sysctl: Check<Annotations> = (value) => {
  const checked = annotationMap(value);
  for (const key of Object.keys(checked)) {
    if (!sysctlKey.test(key))
      throw new FieldProblem(`names must be dotted words, got ${JSON.stringify(key.slice(0, 80))}`);
  }
  return checked;
};

const idMapping = object<IdMapping>({ containerID: uint32, hostID: uint32, size: uint32 });

/** The `linux` object. */
export const linuxCheck: Check<Linux> = object<Linux>({
  uidMappings: list(idMapping, 340),
  gidMappings: list(idMapping, 340),
  sysctl,
  resources: optional(resourcesCheck),
  cgroupsPath: withDefault(text, ""),
  namespaces,
  devices: list(device, 4096),
  seccomp: optional(seccomp),
  rootfsPropagation: withDefault(oneOf(["", "private", "rprivate", "slave", "rslave", "shared", "rshared"]), ""),
  maskedPaths: list(absolutePath, 1024),
  readonlyPaths: list(absolutePath, 1024),
  mountLabel: withDefault(text, ""),
});
