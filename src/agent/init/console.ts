import { utf8Encode } from "../../base/bytes.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";

/**
 * The kernel's console, where the last words go. Its driver may be a module that the agent has yet to load, so it is
 * opened when something is to be said and there is something to say it on.
 */
export class Console {
  private readonly sys: FilesPort;
  private fd: number | undefined;

  constructor(sys: FilesPort) {
    this.sys = sys;
  }

  /** Writes text; loses it when there is no console. Never throws: it is used to report errors. */
  readonly write = (text: string): void => {
    try {
      this.fd ??= this.sys.open("/dev/console", { write: true, nonBlocking: true });
      this.sys.write(this.fd, utf8Encode(text));
    } catch (error) {
      if (!isErrno(error, "ENOENT", "ENODEV", "ENXIO", "EIO", "EACCES", "EPERM")) throw error;
    }
  };
}
