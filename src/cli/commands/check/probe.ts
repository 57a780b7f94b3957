import type { KataError } from "../../../base/error.ts";
import type { RuntimeConfig } from "../../../config/runtime-config.ts";
import { isErrno } from "../../../sys/error.ts";
import type { FilesPort } from "../../../sys/port/files.ts";
import type { ProcessesPort } from "../../../sys/port/processes.ts";
import type { SystemPort } from "../../../sys/port/system.ts";

/**
 * How much it matters. Only a required one can fail; what is recommended can warn; what is optional is there or not, and
 * warns only when it is there and broken.
 */
export type Need = "required" | "recommended" | "optional";

/** What a probe found. Texts are for people: one line each, no final period. */
export type Finding =
  | { readonly result: "ok"; readonly reason: string; readonly details?: readonly string[] }
  | {
      readonly result: "warning" | "failed";
      readonly reason: string;
      /** What to do about it. */
      readonly remedy: string;
      readonly details?: readonly string[];
    }
  /** Not looked at, or not there and not needed. */
  | { readonly result: "skipped"; readonly reason: string; readonly remedy?: string };

/** One thing that is looked at. */
export interface Probe {
  /** Scripts know it by this; it does not change. */
  readonly id: string;
  readonly title: string;
  readonly needed: Need;
  /** Looks without changing anything. What it throws becomes its finding. */
  run(host: Host): Finding | Promise<Finding>;
}

/** The configuration, or why there is none. */
export type Configuration =
  | { readonly kind: "loaded"; readonly config: RuntimeConfig }
  | { readonly kind: "broken"; readonly error: KataError };

/** What probes see of the host. */
export interface Host {
  readonly sys: HostSys;
  readonly configuration: Configuration;
  /** What a program answers `--version` with, its first line. Throws SysError when it cannot be started. */
  askVersion(path: string): Promise<string>;
}

/** What probes need of the system. */
export type HostSys = Pick<
  FilesPort,
  "open" | "read" | "pread" | "close" | "readText" | "readDir" | "exists" | "stat" | "statFs"
> &
  Pick<SystemPort, "uname" | "probeKvm"> &
  Pick<ProcessesPort, "uid" | "env">;

/** What probes say that cannot look without a configuration. */
export const noConfiguration: Finding = { result: "skipped", reason: "the configuration does not load" };

/** A refusal that says nothing of the runtime, which is root: thrown on, it becomes "ask as root". */
export function isForRootOnly(error: unknown, sys: Pick<HostSys, "uid">): boolean {
  return isErrno(error, "EACCES", "EPERM") && sys.uid() !== 0;
}

/** A probe's `run` that has nothing to look at while the configuration does not load. */
export function withConfiguration(
  run: (config: RuntimeConfig, host: Host) => Finding | Promise<Finding>,
): Probe["run"] {
  return (host) => (host.configuration.kind === "loaded" ? run(host.configuration.config, host) : noConfiguration);
}
