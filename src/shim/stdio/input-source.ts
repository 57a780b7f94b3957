import { KataError } from "../../base/error.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { parseStdioUri } from "./stdio-uri.ts";

export interface InputSourceDeps {
  readonly sys: FilesPort;
  readonly loop: Loop;
}

/**
 * Where a process's input comes from. Once the process runs, a FIFO is held open for writing too, so that its writers may
 * come late, go away and come back, as a manager does that is restarted; it ends with the last of them after
 * `endWithWriters` only. A writer that goes before is `ctr` with a short input, which never says that it ended.
 */
export class InputSource {
  readonly fd: number;
  private readonly deps: InputSourceDeps;
  private readonly fifo: string | undefined;
  private early: Watch | undefined;
  private keeper: number | undefined;
  private complete = false;
  private closed = false;

  /** Takes over the descriptor. `fifo`: the path of one. */
  constructor(deps: InputSourceDeps, fd: number, fifo: string | undefined) {
    this.deps = deps;
    this.fd = fd;
    this.fifo = fifo;
    if (fifo === undefined) return;
    this.early = deps.loop.watch(fd, { read: true, edge: true }, ({ hangUp }) => {
      if (hangUp) this.complete = true;
    });
  }

  /** The process runs: it is read from here on. Throws SysError when the FIFO is gone. */
  begin(): void {
    this.early?.stop();
    this.early = undefined;
    if (this.fifo === undefined) return;
    this.keeper = this.deps.sys.open(this.fifo, { write: true, nonBlocking: true });
    // Only a FIFO that had a writer tells its reader of the end.
    if (this.complete) this.endWithWriters();
  }

  /** No other writer will come: the input ends when those that there are have gone. */
  endWithWriters(): void {
    this.complete = true;
    if (this.keeper !== undefined) this.deps.sys.close(this.keeper);
    this.keeper = undefined;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.early?.stop();
    this.endWithWriters();
    this.deps.sys.close(this.fd);
  }
}

/** Opens the input that a task request names; undefined when it names none. Throws KataError that names the stream. */
export function openInput(deps: InputSourceDeps, name: string): InputSource | undefined {
  const { sys } = deps;
  const target = parseStdioUri(name, "stdin");
  if (target.kind === "none") return undefined;
  if (target.kind === "binary") {
    throw new KataError("invalid-argument", "stdin must be a path, got a program", { field: "stdin" });
  }
  try {
    const fd = sys.open(target.path, { nonBlocking: true });
    try {
      return new InputSource(deps, fd, sys.fstat(fd).kind === "fifo" ? target.path : undefined);
    } catch (error) {
      sys.close(fd);
      throw error;
    }
  } catch (error) {
    throw KataError.wrap(error, `Cannot open stdin ${target.path}`, { field: "stdin" });
  }
}
