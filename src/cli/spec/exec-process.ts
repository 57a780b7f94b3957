import { capabilitySets } from "./build-spec.ts";
import { type EnvironmentFlag, mergeEnvironment } from "./environment.ts";
import type { ResolvedUser } from "./user-database.ts";

/** The parts of a container's process that an exec inherits, as config.json has them. */
export interface ContainerProcess {
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids?: readonly number[] };
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: { readonly bounding: readonly string[] };
  readonly rlimits: readonly object[];
}

/** What the user says differs. */
export interface ExecInput {
  readonly args: readonly string[];
  readonly env: readonly EnvironmentFlag[];
  lookUp(name: string): string | undefined;
  readonly cwd: string | undefined;
  readonly user: ResolvedUser | undefined;
  readonly terminal: boolean;
  readonly consoleSize: { readonly rows: number; readonly columns: number } | undefined;
}

/** The process specification of an exec (OCI runtime-spec, config.md, "process"). */
export function buildExecProcess(base: ContainerProcess, input: ExecInput): Readonly<Record<string, unknown>> {
  const user =
    input.user === undefined
      ? base.user
      : { uid: input.user.uid, gid: input.user.gid, additionalGids: input.user.additionalGids };
  const homes: EnvironmentFlag[] = input.user === undefined ? [] : [{ name: "HOME", value: input.user.home }];
  const terms: EnvironmentFlag[] = input.terminal ? [{ name: "TERM", value: "xterm" }] : [];
  return {
    ...(input.terminal ? { terminal: true } : {}),
    ...(input.consoleSize === undefined
      ? {}
      : { consoleSize: { height: input.consoleSize.rows, width: input.consoleSize.columns } }),
    user,
    args: input.args,
    env: mergeEnvironment(base.env, [...homes, ...terms, ...input.env], input.lookUp),
    cwd: input.cwd ?? base.cwd,
    capabilities: capabilitySets(base.capabilities.bounding, user.uid),
    rlimits: base.rlimits,
  };
}
