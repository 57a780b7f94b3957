import { KataError } from "../../base/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { parseStdioUri } from "./stdio-uri.ts";

/**
 * Where a process's input comes from. A FIFO is held open for writing too, so that its writers may come late, go away and
 * come back, as a manager does that is restarted; it ends with the last of them after `endWithWriters` only.
 */
export class InputSource {
  readonly fd: number;
  private readonly sys: Pick<FilesPort, "close">;
  private keeper: number | undefined;
  private closed = false;

  /** Takes over both descriptors. */
  constructor(sys: Pick<FilesPort, "close">, fd: number, keeper: number | undefined) {
    this.sys = sys;
    this.fd = fd;
    this.keeper = keeper;
  }

  /** No other writer will come: the input ends when those that there are have gone. */
  endWithWriters(): void {
    if (this.keeper !== undefined) this.sys.close(this.keeper);
    this.keeper = undefined;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.endWithWriters();
    this.sys.close(this.fd);
  }
}

/** Opens the input that a task request names; undefined when it names none. Throws KataError that names the stream. */
export function openInput(sys: FilesPort, name: string): InputSource | undefined {
  const target = parseStdioUri(name, "stdin");
  if (target.kind === "none") return undefined;
  if (target.kind === "binary") {
    throw new KataError("invalid-argument", "stdin must be a path, got a program", { field: "stdin" });
  }
  try {
    const fd = sys.open(target.path, { nonBlocking: true });
    try {
      const isFifo = sys.fstat(fd).kind === "fifo";
      return new InputSource(sys, fd, isFifo ? sys.open(target.path, { write: true, nonBlocking: true }) : undefined);
    } catch (error) {
      sys.close(fd);
      throw error;
    }
  } catch (error) {
    throw KataError.wrap(error, `Cannot open stdin ${target.path}`, { field: "stdin" });
  }
}
