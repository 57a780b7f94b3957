import type { UndoOperation } from "../resource/undo.ts";
import type { FilesPort } from "../sys/port/files.ts";

/** Version of the record's form. Change it whenever an older program could misread a new record. */
export const RECORD_VERSION = 1;

/** What is on disk about a sandbox: enough to show it, and to take everything back without its shim. */
export interface SandboxRecord {
  readonly version: typeof RECORD_VERSION;
  readonly sandboxId: string;
  readonly bundle: string;
  readonly namespace: string;
  readonly state: "starting" | "running" | "stopped";
  readonly createdMs: number;
  readonly shimPid: number;
  readonly hypervisor: string;
  /** Where the shim is reached; empty when it did not say. */
  readonly socket: string;
  readonly containers: readonly { readonly id: string; readonly bundle: string }[];
  readonly undo: readonly UndoOperation[];
}

/** The file of a sandbox's record. */
export function recordPath(stateDir: string): string {
  return `${stateDir}/persist.json`;
}

/** Writes the record so that readers see the old one or the new one. It lives in /run: no power loss survives there. */
export function writeRecord(
  sys: Pick<FilesPort, "writeFile" | "rename">,
  stateDir: string,
  record: SandboxRecord,
): void {
  const path = recordPath(stateDir);
  sys.writeFile(`${path}.new`, JSON.stringify(record), 0o600);
  sys.rename(`${path}.new`, path);
}
