import { isErrno } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";

/** The paths that a process's streams have for the shim; empty for none. */
export interface FifoPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** FIFOs between kata-ctl and the shim for one process, and our ends of them. */
export class Fifos {
  readonly paths: FifoPaths;
  private readonly sys: Sys;
  private readonly directory: string;
  /** Our end for reading; undefined where there is no stream. */
  readonly stdout: number;
  readonly stderr: number | undefined;
  private stdinFd: number | undefined;

  /** Makes `directory` with a FIFO for each stream. A terminal has one output. Throws SysError. */
  constructor(sys: Sys, directory: string, streams: { readonly stdin: boolean; readonly terminal: boolean }) {
    this.sys = sys;
    this.directory = directory;
    this.paths = {
      stdin: streams.stdin ? `${directory}/stdin` : "",
      stdout: `${directory}/stdout`,
      stderr: streams.terminal ? "" : `${directory}/stderr`,
    };
    sys.mkdirAll(directory, 0o700);
    for (const path of Object.values(this.paths)) if (path !== "") sys.mkfifo(path, 0o600);
    this.stdout = sys.open(this.paths.stdout, { nonBlocking: true });
    this.stderr = streams.terminal ? undefined : sys.open(this.paths.stderr, { nonBlocking: true });
    // Opening for writing alone fails until the shim has opened its end (fifo(7)).
    if (streams.stdin) this.stdinFd = sys.open(this.paths.stdin, { read: true, write: true, nonBlocking: true });
  }

  /** Our end of standard input; undefined when there is none, or it was closed. */
  get stdin(): number | undefined {
    return this.stdinFd;
  }

  /** Once the shim reads: gives up our own reading end, so that we learn when the shim closes its. Before it is watched. */
  becomeWriter(): void {
    if (this.stdinFd === undefined) return;
    try {
      const writer = this.sys.open(this.paths.stdin, { write: true, nonBlocking: true });
      this.sys.close(this.stdinFd);
      this.stdinFd = writer;
    } catch (error) {
      // The shim is late or does not want input: then the end that can do both stays.
      if (!isErrno(error, "ENXIO")) throw error;
    }
  }

  /** Ends standard input. */
  closeStdin(): void {
    if (this.stdinFd !== undefined) this.sys.close(this.stdinFd);
    this.stdinFd = undefined;
  }

  /** Closes everything and removes the directory. */
  remove(): void {
    this.closeStdin();
    this.sys.close(this.stdout);
    if (this.stderr !== undefined) this.sys.close(this.stderr);
    this.sys.removeTree(this.directory);
  }
}
