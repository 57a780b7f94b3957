import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";

/** The guest's console and the VMM's words, as the hypervisor drivers name them. */
const logs = ["console.log", "vmm.log"];
/** The drivers keep them smaller than this. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Moves the VM's logs into the bundle, where they outlive the VM. Never throws: logs are worth no failure. */
export function keepLogs(
  deps: { readonly sys: FilesPort; readonly logger: Logger },
  directories: { readonly vmDir: string; readonly bundle: string },
): void {
  for (const name of logs) {
    const from = `${directories.vmDir}/${name}`;
    const to = `${directories.bundle}/${name}`;
    try {
      move(deps.sys, from, to);
    } catch (error) {
      if (!isErrno(error, "ENOENT"))
        deps.logger.warn("cannot keep a log", { file: from, error: KataError.from(error) });
    }
  }
}

function move(sys: FilesPort, from: string, to: string): void {
  try {
    sys.rename(from, to);
  } catch (error) {
    if (!isErrno(error, "EXDEV")) throw error;
    sys.writeFile(to, sys.readFile(from, MAX_LOG_BYTES), 0o600);
  }
}
