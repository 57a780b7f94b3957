import {
  absolutePath,
  bool,
  type Check,
  FieldProblem,
  integer,
  list,
  object,
  oneOf,
  optional,
  problem,
  text,
  textMap,
  uint32,
  uint64,
  withDefault,
} from "./check.ts";
import type { Capabilities, Process, Rlimit, User } from "./spec.ts";

/** execve(2): one string may have 32 pages with its end mark, all of them a quarter of the 8 MiB stack. */
const MAX_STRING_BYTES = 131_071;
const MAX_STRINGS_BYTES = 2 * 1024 * 1024;
const MAX_STRINGS = 65_536;

/** setuid(2) takes -1 for "unchanged", so it names nobody. */
const userId = integer(0, 0xfffffffe);

const rlimitTypes = (
  "RLIMIT_AS RLIMIT_CORE RLIMIT_CPU RLIMIT_DATA RLIMIT_FSIZE RLIMIT_LOCKS RLIMIT_MEMLOCK RLIMIT_MSGQUEUE RLIMIT_NICE " +
  "RLIMIT_NOFILE RLIMIT_NPROC RLIMIT_RSS RLIMIT_RTPRIO RLIMIT_RTTIME RLIMIT_SIGPENDING RLIMIT_STACK"
).split(" ");

/** Text that execve(2) takes. A character is up to three bytes of UTF-8, so only long ones need counting. */
const argument: Check<string> = (value) => {
  const checked = text(value);
  if (checked.length * 3 > MAX_STRING_BYTES && byteLength(checked) > MAX_STRING_BYTES) {
    throw new FieldProblem(
      `must have at most ${MAX_STRING_BYTES} bytes, the kernel's limit for one string, got ${byteLength(checked)}`,
    );
  }
  return checked;
};

const environmentEntry: Check<string> = (value) => {
  const entry = argument(value);
  if (entry.indexOf("=") < 1) throw problem("of the form NAME=value", value);
  return entry;
};

function byteLength(value: string): number {
  // Characters of two bytes, of three, and surrogates (two of them make four bytes).
  const wide = value.match(/[\u0080-\uffff]/g)?.length ?? 0;
  const triple = value.match(/[\u0800-\ud7ff\ue000-\uffff]/g)?.length ?? 0;
  return value.length + wide + triple;
}

const nonEmptyArguments: Check<readonly string[]> = (value) => {
  const checked = list(argument, MAX_STRINGS)(value);
  if (checked.length === 0 || checked[0] === "") throw new FieldProblem("must name a program, got nothing");
  return checked;
};

const user = object<User>({
  uid: withDefault(userId, 0),
  gid: withDefault(userId, 0),
  additionalGids: list(userId, 65_536),
  username: withDefault(text, ""),
});

const capabilityList = list(text, 256);
const capabilities = object<Capabilities>({
  bounding: capabilityList,
  effective: capabilityList,
  inheritable: capabilityList,
  permitted: capabilityList,
  ambient: capabilityList,
});

const anyRlimit = object<Rlimit>({ type: oneOf(rlimitTypes), soft: uint64, hard: uint64 });
const rlimit: Check<Rlimit> = (value) => {
  const checked = anyRlimit(value);
  if (checked.soft > checked.hard) {
    throw new FieldProblem(`must be at most the hard limit ${checked.hard}, got ${checked.soft}`).within("soft");
  }
  return checked;
};

const anyProcess = object<Process>({
  terminal: bool,
  consoleSize: optional(object<{ height: number; width: number }>({ height: uint32, width: uint32 })),
  user: withDefault(user, { uid: 0, gid: 0, additionalGids: [], username: "" }),
  args: nonEmptyArguments,
  env: list(environmentEntry, MAX_STRINGS),
  cwd: absolutePath,
  capabilities: optional(capabilities),
  rlimits: list(rlimit, 64),
  noNewPrivileges: bool,
  apparmorProfile: withDefault(text, ""),
  oomScoreAdj: withDefault(integer(-1000, 1000), 0),
  selinuxLabel: withDefault(text, ""),
});

/** The `process` object, of a container or of an exec. */
export const processCheck: Check<Process> = (value) => {
  const checked = anyProcess(value);
  const total = [...checked.args, ...checked.env].reduce((sum, entry) => sum + entry.length + 9, 0);
  if (total > MAX_STRINGS_BYTES) {
    throw new FieldProblem(`and env must have at most ${MAX_STRINGS_BYTES} bytes together, got ${total}`).within(
      "args",
    );
  }
  return checked;
};

const hookTimeout: Check<number | undefined> = optional(integer(1, 3600));
const hook = object({
  path: absolutePath,
  args: list(argument, MAX_STRINGS),
  env: list(argument, MAX_STRINGS),
  timeout: hookTimeout,
});

/** One of the lists of `hooks`. */
export const hookList = list(hook, 256);
/** `annotations` and `linux.sysctl`. */
export const annotationMap = textMap(text, 4096);
