import type { LinuxCapabilities, POSIXRlimit, Process } from "../../wire/gen/agent/oci.ts";
import { exact, type Json } from "./json.ts";
import { invalid, isNormalPath, tidyPath } from "./rules.ts";

const RLIMITS: ReadonlySet<string> = new Set(
  "AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK"
    .split(" ")
    .map((name) => `RLIMIT_${name}`),
);
const NOBODY_ID = 0xffffffff;

/**
 * The `process` object of the OCI runtime specification, for config.json and for exec. Throws `invalid-argument`
 * naming the field for whatever breaks the specification's rules.
 */
export function ociProcess(process: Process): Json {
  if (process.Args.length === 0) throw invalid("process.args", "process.args must not be empty");
  const cwd = tidyPath(process.Cwd === "" ? "/" : process.Cwd);
  if (!isNormalPath(cwd)) {
    throw invalid("process.cwd", `process.cwd must be an absolute path without .., got ${JSON.stringify(process.Cwd)}`);
  }
  for (const text of process.Args) rejectNul("process.args", text);
  for (const entry of process.Env) {
    rejectNul("process.env", entry);
    if (entry.indexOf("=") < 1)
      throw invalid("process.env", "Every entry of process.env must have the form NAME=value");
  }
  return {
    terminal: process.Terminal,
    consoleSize: consoleSize(process),
    user: user(process),
    args: process.Args,
    env: process.Env,
    cwd,
    capabilities: capabilities(process.Capabilities),
    rlimits: process.Rlimits.map(rlimit),
    noNewPrivileges: process.NoNewPrivileges,
    // Always stated: without it the container would inherit the agent's own.
    oomScoreAdj: oomScoreAdj(process.OOMScoreAdj),
  };
}

function rejectNul(field: string, text: string): void {
  if (text.includes("\0")) throw invalid(field, `${field} must not contain NUL bytes`);
}

function consoleSize({ Terminal, ConsoleSize }: Process): Json | undefined {
  if (!Terminal || ConsoleSize === undefined || ConsoleSize.Height === 0 || ConsoleSize.Width === 0) return undefined;
  return { height: ConsoleSize.Height & 0xffff, width: ConsoleSize.Width & 0xffff };
}

function user({ User }: Process): Json {
  const ids = [User?.UID ?? 0, User?.GID ?? 0, ...(User?.AdditionalGids ?? [])];
  for (const id of ids) {
    if (id === NOBODY_ID) throw invalid("process.user", `process.user: ${NOBODY_ID} is not a user or group id`);
  }
  return { uid: User?.UID ?? 0, gid: User?.GID ?? 0, additionalGids: User?.AdditionalGids ?? [] };
}

/** Absent capabilities mean none: silence must not grant everything. */
function capabilities(caps: LinuxCapabilities | undefined): Json {
  // The lists name the same ones.
  const known = new Set<string>();
  const list = (field: string, names: readonly string[] = []) => {
    for (const name of names) {
      if (known.has(name)) continue;
      if (!/^CAP_[A-Z0-9_]{1,40}$/.test(name)) {
        throw invalid(
          "process.capabilities",
          `process.capabilities.${field} has a malformed name ${JSON.stringify(name)}`,
        );
      }
      known.add(name);
    }
    return names;
  };
  return {
    bounding: list("bounding", caps?.Bounding),
    effective: list("effective", caps?.Effective),
    inheritable: list("inheritable", caps?.Inheritable),
    permitted: list("permitted", caps?.Permitted),
    ambient: list("ambient", caps?.Ambient),
  };
}

function rlimit({ Type, Soft, Hard }: POSIXRlimit): Json {
  if (!RLIMITS.has(Type))
    throw invalid("process.rlimits", `process.rlimits has an unknown type ${JSON.stringify(Type)}`);
  if (Soft > Hard) {
    throw invalid(
      "process.rlimits",
      `process.rlimits: the soft limit of ${Type}, ${Soft}, exceeds the hard one, ${Hard}`,
    );
  }
  return { type: Type, soft: exact(Soft), hard: exact(Hard) };
}

function oomScoreAdj(value: bigint): number {
  if (value < -1000n || value > 1000n) {
    throw invalid("process.oomScoreAdj", `process.oomScoreAdj must lie from -1000 to 1000, got ${value}`);
  }
  return Number(value);
}
