import { readRecord } from "../sandbox/read-record.ts";
import type { SandboxRecord } from "../sandbox/record.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { ProcessesPort } from "../sys/port/processes.ts";
import { processStartTicks } from "../sys/proc.ts";
import type { ProcessFiles, SandboxProcess } from "./process-metrics.ts";

/** What reading records and /proc needs. */
export type MonitorSys = FilesPort & Pick<ProcessesPort, "uid">;

/** Where shims keep the records of their sandboxes. */
export const SANDBOXES_DIR = "/run/vc/sbs";

/** How the undo list of a record names its processes, and what they are to us. */
const roles = { VMM: "hypervisor", "share-fs daemon": "virtiofsd" } as const;

/**
 * The records of all sandboxes, by id. A record that cannot be read is handed to `skipped`: one broken sandbox must not
 * hide the others.
 */
export function listSandboxes(
  sys: MonitorSys,
  skipped: (sandboxId: string, error: unknown) => void,
  directory: string = SANDBOXES_DIR,
): SandboxRecord[] {
  const records: SandboxRecord[] = [];
  if (!sys.exists(directory)) return records;
  for (const { name, kind } of sys.readDir(directory)) {
    if (kind !== "directory") continue;
    try {
      const record = readRecord(sys, `${directory}/${name}`);
      if (record !== undefined) records.push(record);
    } catch (error) {
      skipped(name, error);
    }
  }
  return records;
}

/** The processes of a sandbox that are alive. */
export function sandboxProcesses(sys: FilesPort, record: SandboxRecord): SandboxProcess[] {
  const found: SandboxProcess[] = [];
  const add = (role: SandboxProcess["role"], pid: number) => {
    const files = processFiles(sys, pid);
    if (files !== undefined) found.push({ sandboxId: record.sandboxId, role, files });
  };
  add("shim", record.shimPid);
  for (const operation of record.undo) {
    if (operation.kind !== "kill" || !Object.hasOwn(roles, operation.what)) continue;
    // A pid that another process has by now is not ours to report.
    if (processStartTicks(sys, operation.pid) !== operation.startTicks) continue;
    add(roles[operation.what as keyof typeof roles], operation.pid);
  }
  return found;
}

function processFiles(sys: FilesPort, pid: number): ProcessFiles | undefined {
  try {
    return {
      status: sys.readText(`/proc/${pid}/status`),
      stat: sys.readText(`/proc/${pid}/stat`),
      io: sys.readText(`/proc/${pid}/io`),
      descriptors: sys.readDir(`/proc/${pid}/fd`).length,
    };
  } catch (error) {
    // It ended while we looked, or belongs to somebody whose files we may not read.
    if (isErrno(error, "ENOENT", "ESRCH", "EACCES", "EPERM")) return undefined;
    throw error;
  }
}
